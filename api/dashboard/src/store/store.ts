import { HostData } from "./host";

const MAX_HOSTS = 2;

/**
 * The data of the two hosts that were displayed most recently. Any other host's data is evicted, and reloaded from the
 * history when that host is displayed again.
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
