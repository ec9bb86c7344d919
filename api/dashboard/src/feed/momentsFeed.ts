import type { Frame } from "../bus/frames";
import type { MomentsQuery } from "../bus/rest";
import { pauseBefore } from "../connection/backoff";
import { combined, type Moments, NO_MOMENTS, withLive } from "../store/moments";
import type { Span } from "../view/view";

const SHORTEST_PAUSE_MS = 1_000;
/** A span that the reader is still changing is not fetched. */
const SETTLE_MS = 150;
/** The end of a state follows its removal, or the other way round. */
const REMOVED_MS = 3_000;

interface Options {
  fetchMoments(query: MomentsQuery, signal: AbortSignal): Promise<Moments>;
  random(): number;
  onChange(): void;
}

/** Keeps what happened on one host in the span shown current: lists from the server, then the stream. */
export class MomentsFeed {
  moments: Moments = NO_MOMENTS;
  /** Why it cannot be read, as a sentence. */
  problem: string | null = null;
  private listed: Moments = NO_MOMENTS;
  private live: Moments = NO_MOMENTS;
  /** What was requested; `to` is null where the stream continues it. */
  private query: MomentsQuery | null = null;
  private attempts = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private request = new AbortController();

  constructor(
    private readonly host: string,
    private readonly options: Options,
  ) {}

  /** Fetch what happened in `span`, unless it is known; call it with each frame. `now` is by the host's clock. */
  show(span: Span, now: number): void {
    const isPast = span.isFixed && span.to < now;
    const { query } = this;
    const starts = query !== null && query.from <= span.from;
    if (starts && (isPast ? query.to === null || query.to >= span.to : query.to === null)) return;
    // A span that moves starts later with each frame, so it is requested once.
    this.query = { host: this.host, from: span.from, to: isPast ? span.to : null };
    this.fetchAfter(SETTLE_MS);
  }

  /** Fetch it again: something may have been missed. */
  fetch(): void {
    this.stop();
    if (this.query === null) return;
    this.request = new AbortController();
    void this.run(this.query, this.request.signal);
  }

  accept(frame: Frame): void {
    if (frame.kind === "annotation" && [null, this.host].includes(frame.annotation.host)) {
      this.add({ annotations: [frame.annotation] });
    } else if (frame.kind === "finding" && frame.finding.host === this.host) {
      this.add({ findings: [frame.finding] });
    } else if (frame.kind === "run" && frame.run.host === this.host) {
      this.add({ runs: [frame.run] });
    } else if (frame.kind === "removed" && frame.host === this.host && isState(frame.channel)) {
      this.fetchAfter(REMOVED_MS);
    }
  }

  stop(): void {
    clearTimeout(this.timer);
    this.request.abort();
  }

  private fetchAfter(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fetch(), ms);
  }

  private add(more: Partial<Moments>): void {
    this.live = withLive(this.live, more);
    this.change();
  }

  private async run(query: MomentsQuery, signal: AbortSignal): Promise<void> {
    try {
      const listed = await this.options.fetchMoments(query, signal);
      if (signal.aborted) return;
      this.attempts = 0;
      this.problem = null;
      this.listed = listed;
    } catch (error) {
      if (signal.aborted) return;
      this.problem = error instanceof Error ? error.message : "The server is not responding.";
      this.fetchAfter(SHORTEST_PAUSE_MS + pauseBefore(this.attempts, this.options.random));
      this.attempts += 1;
    }
    this.change();
  }

  private change(): void {
    this.moments = combined(this.listed, this.live);
    this.options.onChange();
  }
}

function isState(channel: string): boolean {
  return channel.startsWith("system/runs/") || channel.startsWith("system/findings/");
}
