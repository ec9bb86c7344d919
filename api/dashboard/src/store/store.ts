import { HostData } from "./host";

const MAX_HOSTS = 2;

/** The data of the hosts that were shown last. Others are evicted: their data is in the history. */
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
