import { signal } from "@preact/signals";
import type { CollectorStatus } from "../bus/payload";
import type { HostEntry, HostsResult } from "../bus/responses";

const PAUSE_MS = 30_000;
const PAUSE_WITHOUT_STREAM_MS = 10_000;

interface HostsOptions {
  fetchHosts(): Promise<HostsResult>;
  isLive(): boolean;
  onChange(): void;
}

/** The hosts that the server lists, and whether the history is being saved. Both are fetched regularly. */
export class Hosts {
  readonly entries = signal<readonly HostEntry[]>([]);
  /** Why the history is not being saved, as a sentence; null if it is being saved. */
  readonly historyProblem = signal<string | null>(null);
  /** How long the history keeps data, in ms; null until the server has reported it. */
  readonly keptMs = signal<number | null>(null);

  constructor(private readonly options: HostsOptions) {}

  find(name: string | undefined): HostEntry | undefined {
    return this.entries.value.find((entry) => entry.name === name);
  }

  /** Between two requests for the list, update it with a collector's status from the stream. */
  note(status: CollectorStatus): void {
    this.entries.value = this.entries
      .peek()
      .map((each) => (each.name === status.host ? { ...each, status, isKnown: true } : each));
  }

  /** Poll the list, except while the page is hidden. */
  async poll(): Promise<void> {
    for (;;) {
      if (!document.hidden) await this.fetch();
      const pause = this.options.isLive() ? PAUSE_MS : PAUSE_WITHOUT_STREAM_MS;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  private async fetch(): Promise<void> {
    try {
      const { hosts, historyProblem, keptMs } = await this.options.fetchHosts();
      this.entries.value = hosts;
      this.historyProblem.value = historyProblem;
      this.keptMs.value = keptMs;
      this.options.onChange();
    } catch {
      // The badge shows that the server is not responding.
    }
  }
}
