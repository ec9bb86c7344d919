import { HostData } from "./host";

const KEPT_HOSTS = 2;

/** The hosts that were looked at last. Others are forgotten: what they were is in the history. */
export class Store {
  private readonly hosts = new Map<string, HostData>();

  host(name: string): HostData {
    const data = this.hosts.get(name) ?? new HostData(name);
    this.hosts.delete(name);
    this.hosts.set(name, data);
    for (const oldest of this.hosts.keys()) {
      if (this.hosts.size <= KEPT_HOSTS) break;
      this.hosts.delete(oldest);
    }
    return data;
  }
}
