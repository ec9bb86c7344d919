import type { HistoryAnswer } from "../bus/answers";
import type { HistoryQuestion } from "../bus/rest";
import { pauseBefore } from "../connection/backoff";
import { WINDOW_MS, type HostData } from "./host";

/** What the last hour may have: at the usual 2 s each sample comes as it was taken. */
const MAX_POINTS = 2_000;
/** The span before now that is asked for sample by sample, whatever the interval. */
const SEAM_MS = 60_000;
const MAX_SEAM_POINTS = 5_000;
/**
 * The ingester stores in batches, and may be behind: what was on its way while the history was asked
 * is fetched a little later, and again until the history has come to where the stream began.
 */
const SETTLE_MS = 3_000;
const SETTLE_SPAN_MS = 20_000;
const SETTLE_TIMES = 7; // the last one after three minutes

export interface Backfilling {
  fetchHistory(question: HistoryQuestion, signal: AbortSignal): Promise<HistoryAnswer>;
  random(): number;
  /** Rows were merged, or `problem` says why they could not be. */
  onChange(problem: string | null): void;
}

/**
 * Brings the history of a host to what the live stream brings, without a seam.
 *
 * The stream is open before the history is asked, so that no sample falls between them. The history
 * is asked in two parts that meet at one time: buckets before it, single samples after it. Live
 * samples thus meet single samples, which are the same if their times are; buckets are replaced as a
 * whole. The order in which frames and answers come does not matter.
 */
export class Backfill {
  private from: number | null = null;
  private running = false;
  private attempts = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly request = new AbortController();

  constructor(
    private readonly host: HostData,
    private readonly outside: Backfilling,
  ) {}

  /** Fetch what was measured since `from`, by the collector's clock; -Infinity is all there is. */
  fill(from: number): void {
    this.from = Math.min(from, this.from ?? Infinity);
    clearTimeout(this.timer);
    if (!this.running) void this.run();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.request.abort();
  }

  private async run(): Promise<void> {
    const from = this.from ?? -Infinity;
    this.from = null;
    this.running = true;
    try {
      const { newest, reached } = await this.load(from);
      if (this.request.signal.aborted) return;
      this.attempts = 0;
      this.outside.onChange(null);
      this.later(() => void this.settle(newest, reached, 0), SETTLE_MS);
    } catch (error) {
      if (this.request.signal.aborted) return;
      this.outside.onChange(error instanceof Error ? error.message : "The history does not answer.");
      const pause = pauseBefore(this.attempts, this.outside.random) + 1_000;
      this.attempts += 1;
      this.later(() => this.fill(from), pause);
      this.from = this.from === null ? null : Math.min(from, this.from);
    } finally {
      this.running = false;
    }
    if (this.from !== null) void this.run();
  }

  private async load(from: number): Promise<{ newest: number; reached: number }> {
    const newest = this.host.newestTimestamp ?? Date.now();
    const start = Math.max(from, newest - WINDOW_MS);
    const seam = Math.max(start, newest - SEAM_MS);
    const before = start < seam ? await this.merge(start, seam, MAX_POINTS) : start;
    const reached = await this.merge(seam, newest + WINDOW_MS, MAX_SEAM_POINTS);
    return { newest, reached: Math.max(before, reached) };
  }

  private async settle(newest: number, reached: number, times: number): Promise<void> {
    const from = Math.max(Math.min(reached, newest - SETTLE_SPAN_MS), newest - WINDOW_MS);
    let now = reached;
    try {
      now = Math.max(reached, await this.merge(from, newest + WINDOW_MS, MAX_SEAM_POINTS));
      if (this.request.signal.aborted) return;
      this.outside.onChange(null);
    } catch {
      // It was there a moment ago, and is asked again.
    }
    if (this.request.signal.aborted || now >= newest || times + 1 >= SETTLE_TIMES) return;
    this.later(() => void this.settle(newest, now, times + 1), SETTLE_MS * 2 ** times);
  }

  /** Returns the newest time that the history has in the span; -Infinity where it has none. */
  private async merge(start: number, end: number, maxPoints: number): Promise<number> {
    const question = { host: this.host.name, start, end, maxPoints };
    const answer = await this.outside.fetchHistory(question, this.request.signal);
    if (this.request.signal.aborted) return -Infinity;
    this.host.merge(answer);
    // The server cuts what is asked to what it keeps: a clock may be too far ahead, or behind, for that.
    const newest = this.host.newestTimestamp;
    if (newest !== null && end > newest) this.host.isOutsideHistory = newest < answer.start || newest >= answer.end;
    let reached = -Infinity;
    for (const { timestamps } of answer.channels.values()) reached = Math.max(reached, timestamps.at(-1) ?? -Infinity);
    return reached;
  }

  private later(what: () => void, ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(what, ms);
  }
}
