import type { ConnectionState } from "../connection/connection";
import type { HostData } from "../store/host";
import { Store } from "../store/store";
import { DefaultHost } from "./defaultHost";
import { type FeedListener, HostFeed } from "./hostFeed";

const CATCH_UP_MS = 30_000;

interface Listener extends FeedListener {
  /** Called when the page starts to show a host. */
  onOpen(data: HostData): void;
}

/** The displayed host, and the feed that keeps its data up to date. */
export class ActiveHost {
  feed: HostFeed | null = null;
  private readonly store = new Store();
  private readonly defaultHost = new DefaultHost({
    onFound: (name) => this.open(name),
    onProblem: (problem) => {
      this.unresolved = { mode: "connecting", problem };
      this.listener.onState();
    },
  });
  /** The connection state while the page is still looking for the default host and therefore has no feed. */
  private unresolved: ConnectionState = { mode: "connecting", problem: null };

  constructor(private readonly listener: Listener) {}

  get connection(): ConnectionState {
    return this.feed?.state ?? this.unresolved;
  }

  start(): void {
    setInterval(() => {
      if (this.connection.mode === "polling") this.feed?.catchUp();
    }, CATCH_UP_MS);
    addEventListener("online", () => this.feed?.wake());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.feed?.wake();
    });
  }

  /** Show the host `name`. If `name` is null, show the host that the server chooses. */
  show(name: string | null): void {
    const host = name ?? this.defaultHost.name;
    if (host === null) this.defaultHost.find();
    else this.open(host);
  }

  private open(name: string): void {
    this.defaultHost.stop();
    if (this.feed?.data.name === name) return;
    this.feed?.stop();
    const data = this.store.host(name);
    this.feed = new HostFeed(data, this.listener);
    this.listener.onOpen(data);
    this.feed.start();
  }
}
