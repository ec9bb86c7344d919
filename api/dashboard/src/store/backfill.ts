import type { HistoryResult } from "../bus/responses";
import type { HistoryQuery } from "../bus/rest";
import { pauseBefore } from "../connection/backoff";
import { type HostData, WINDOW_MS } from "./host";

/** For the last hour. At the default interval of 2 s it is enough for every sample. */
const MAX_POINTS = 2_000;
/** The span before now that is fetched sample by sample, whatever the interval. */
const SEAM_MS = 60_000;
const MAX_SEAM_POINTS = 5_000;
/**
 * The ingester stores in batches and may have a backlog. Samples that were not stored yet when the
 * history was fetched are fetched a little later, and again until the history reaches the start of
 * the stream.
 */
const SETTLE_MS = 3_000;
const SETTLE_SPAN_MS = 20_000;
const SETTLE_ATTEMPTS = 7; // the last one after three minutes

interface BackfillOptions {
  fetchHistory(query: HistoryQuery, signal: AbortSignal): Promise<HistoryResult>;
  random(): number;
  /** Rows were merged, or `problem` is the reason why they could not be. */
  onChange(problem: string | null): void;
}

/**
 * Joins the history of a host to its live samples, without a seam.
 *
 * The stream is open before the history is fetched, so that no sample falls between them. The history
 * is fetched in two parts that meet at one time: buckets before it, single samples after it. Live
 * samples therefore only overlap single samples, and two samples with the same time are the same;
 * buckets are replaced as a whole. Frames and responses may arrive in any order.
 */
export class Backfill {
  private from: number | null = null;
  private running = false;
  private attempts = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly request = new AbortController();

  constructor(
    private readonly host: HostData,
    private readonly options: BackfillOptions,
  ) {}

  /** Fetch the samples since `from`, by the collector's clock; -Infinity fetches the whole window. */
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
      this.options.onChange(null);
      this.later(() => void this.settle(newest, reached, 0), SETTLE_MS);
    } catch (error) {
      if (this.request.signal.aborted) return;
      this.options.onChange(error instanceof Error ? error.message : "The server is not responding.");
      const pause = pauseBefore(this.attempts, this.options.random) + 1_000;
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

  private async settle(newest: number, reached: number, attempt: number): Promise<void> {
    const from = Math.max(Math.min(reached, newest - SETTLE_SPAN_MS), newest - WINDOW_MS);
    let now = reached;
    try {
      now = Math.max(reached, await this.merge(from, newest + WINDOW_MS, MAX_SEAM_POINTS));
      if (this.request.signal.aborted) return;
      this.options.onChange(null);
    } catch {
      // The history responded a moment ago; it is fetched again.
    }
    if (this.request.signal.aborted || now >= newest || attempt + 1 >= SETTLE_ATTEMPTS) return;
    this.later(() => void this.settle(newest, now, attempt + 1), SETTLE_MS * 2 ** attempt);
  }

  /** Returns the newest time of the history in the span; -Infinity if there is none. */
  private async merge(start: number, end: number, maxPoints: number): Promise<number> {
    const query = { host: this.host.name, start, end, maxPoints };
    const response = await this.options.fetchHistory(query, this.request.signal);
    if (this.request.signal.aborted) return -Infinity;
    this.host.merge(response);
    // The server limits a span to the time that it keeps; the host's clock may be too far ahead or behind.
    const newest = this.host.newestTimestamp;
    if (newest !== null && end > newest) this.host.isOutsideHistory = newest < response.start || newest >= response.end;
    let reached = -Infinity;
    for (const { timestamps } of response.channels.values())
      reached = Math.max(reached, timestamps.at(-1) ?? -Infinity);
    return reached;
  }

  private later(action: () => void, ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(action, ms);
  }
}
