import type { HostEntry, HostsAnswer } from "../bus/answers";
import type { CollectorStatus } from "../bus/payload";

const PAUSE_MS = 30_000;
const PAUSE_WITHOUT_STREAM_MS = 10_000;

interface Outside {
  fetchHosts(): Promise<HostsAnswer>;
  isLive(): boolean;
  onChange(): void;
}

/** The hosts that the server knows, asked for now and then, and whether their history grows. */
export class Hosts {
  entries: readonly HostEntry[] = [];
  /** Why what is seen now will be missing from the past, as a sentence. */
  storeProblem: string | null = null;

  constructor(private readonly outside: Outside) {}

  find(name: string | undefined): HostEntry | undefined {
    return this.entries.find((entry) => entry.name === name);
  }

  /** Note a status that has come meanwhile. */
  note(status: CollectorStatus): void {
    this.entries = this.entries.map((each) => (each.name === status.host ? { ...each, status, isHeard: true } : each));
  }

  /** Ask again and again, but for while the page is hidden. */
  async keep(): Promise<void> {
    for (;;) {
      if (!document.hidden) await this.ask();
      const pause = this.outside.isLive() ? PAUSE_MS : PAUSE_WITHOUT_STREAM_MS;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  private async ask(): Promise<void> {
    try {
      const { hosts, historyProblem } = await this.outside.fetchHosts();
      this.entries = hosts;
      this.storeProblem = historyProblem;
      this.outside.onChange();
    } catch {
      // The badge says that the server does not answer.
    }
  }
}
