import { HostData } from "./host";

const MAX_HOSTS = 2;

/**
 * The data of the two hosts that were shown most recently. The data of other hosts is evicted; when one of them is
 * shown again, the page loads its data from the history.
 */
export class Store {
  private readonly hosts = new Map<string, HostData>();

  host(name: string): HostData {
    const data = this.hosts.get(name) ?? new HostData(name);
    this.hosts.delete(name);
    this.hosts.set(name, data);
    for (const oldest of this.hosts.keys()) {
      if (this.hosts.size <= MAX_HOSTS) break;
      this.hosts.delete(oldest);
    }
    return data;
  }
}
