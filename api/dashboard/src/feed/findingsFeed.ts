import type { Frame } from "../bus/frames";
import type { Finding } from "../bus/payload";
import { pauseBefore } from "../connection/backoff";
import {
  type FindingsState,
  failed,
  interrupted,
  listed,
  NO_FINDINGS,
  removed,
  reported,
  requested,
} from "../store/findings";

const SHORTEST_PAUSE_MS = 1_000;

interface Options {
  fetchFindings(host: string, signal: AbortSignal): Promise<readonly Finding[]>;
  random(): number;
  onChange(): void;
}

/** Keeps the findings of one host current: the list from the server, then the changes from the stream. */
export class FindingsFeed {
  state: FindingsState = NO_FINDINGS;
  private attempts = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private request = new AbortController();

  constructor(
    private readonly host: string,
    private readonly options: Options,
  ) {}

  /** Fetch the list. */
  fetch(): void {
    this.stop();
    this.request = new AbortController();
    void this.run(this.request.signal);
  }

  accept(frame: Frame): void {
    if (frame.kind === "finding" && frame.finding.host === this.host) this.change(reported(this.state, frame.finding));
    if (frame.kind === "removed" && frame.host === this.host) this.change(removed(this.state, frame.channel));
  }

  noteOutage(): void {
    this.change(interrupted(this.state));
  }

  stop(): void {
    clearTimeout(this.timer);
    this.request.abort();
  }

  private async run(signal: AbortSignal): Promise<void> {
    this.state = requested(this.state);
    try {
      const findings = await this.options.fetchFindings(this.host, signal);
      if (signal.aborted) return;
      this.attempts = 0;
      this.change(listed(this.state, findings));
    } catch (error) {
      if (signal.aborted) return;
      this.change(failed(this.state, error instanceof Error ? error.message : "The server is not responding."));
      const pause = SHORTEST_PAUSE_MS + pauseBefore(this.attempts, this.options.random);
      this.attempts += 1;
      this.timer = setTimeout(() => this.fetch(), pause);
    }
  }

  private change(state: FindingsState): void {
    if (state === this.state) return;
    this.state = state;
    this.options.onChange();
  }
}
