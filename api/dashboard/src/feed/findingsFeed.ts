import type { Frame } from "../bus/frames";
import type { Finding } from "../bus/payload";
import { RetriedFetch } from "../connection/retriedFetch";
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

interface Options {
  fetchFindings(host: string, signal: AbortSignal): Promise<readonly Finding[]>;
  random(): number;
  onChange(): void;
}

/** Keeps the findings of one host up to date: fetches the list, then applies the changes that the stream reports. */
export class FindingsFeed {
  state: FindingsState = NO_FINDINGS;
  private readonly list: RetriedFetch<readonly Finding[]>;

  constructor(
    private readonly host: string,
    private readonly options: Options,
  ) {
    this.list = new RetriedFetch({
      fetch: (signal) => {
        this.state = requested(this.state);
        return options.fetchFindings(host, signal);
      },
      random: options.random,
      onFetched: (findings) => this.change(listed(this.state, findings)),
      onFailed: (problem) => this.change(failed(this.state, problem)),
    });
  }

  /** Fetch the list of active findings. */
  fetch(): void {
    this.list.fetch();
  }

  accept(frame: Frame): void {
    if (frame.kind === "finding" && frame.finding.host === this.host) this.change(reported(this.state, frame.finding));
    if (frame.kind === "removed" && frame.host === this.host) this.change(removed(this.state, frame.channel));
  }

  noteOutage(): void {
    this.change(interrupted(this.state));
  }

  stop(): void {
    this.list.stop();
  }

  private change(state: FindingsState): void {
    if (state === this.state) return;
    this.state = state;
    this.options.onChange();
  }
}
