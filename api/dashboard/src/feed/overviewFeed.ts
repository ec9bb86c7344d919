import { signal } from "@preact/signals";
import type { GlancedHost } from "../bus/overview";

const PAUSE_MS = 4_000;

interface Options {
  fetchOverview(signal: AbortSignal): Promise<readonly GlancedHost[]>;
}

/** An overview of all hosts, requested every few seconds while the page shows it. */
export class OverviewFeed {
  /** The hosts in the last response; null before the first response. */
  readonly hosts = signal<readonly GlancedHost[] | null>(null);
  /** Why `hosts` is out of date, as a sentence; null if it is up to date. */
  readonly problem = signal<string | null>(null);
  private request: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: Options) {}

  start(): void {
    if (this.request) return;
    this.request = new AbortController();
    void this.fetch(this.request.signal);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.request?.abort();
    this.request = null;
  }

  private async fetch(stopped: AbortSignal): Promise<void> {
    try {
      const hosts = document.hidden ? null : await this.options.fetchOverview(stopped);
      if (stopped.aborted) return;
      this.hosts.value = hosts ?? this.hosts.peek();
      this.problem.value = null;
    } catch (error) {
      if (stopped.aborted) return;
      this.problem.value = error instanceof Error ? error.message : "The server is not responding.";
    }
    this.timer = setTimeout(() => void this.fetch(stopped), PAUSE_MS);
  }
}
