import type { HistoryResult } from "../bus/responses";
import type { HistoryQuery } from "../bus/rest";
import { pauseBefore } from "../connection/backoff";
import { type HostData, WINDOW_MS } from "./host";

/** The maximum number of points for the last hour: enough for every sample at the default interval of 2 s. */
const MAX_POINTS = 2_000;
/** How much of the newest history is fetched as single samples, not as buckets (means of several samples). */
const SEAM_MS = 60_000;
const MAX_SEAM_POINTS = 5_000;
/**
 * The ingester stores samples in batches and may have a backlog, so the newest samples may be missing from the first
 * response. The page therefore fetches the newest span again after this pause. It repeats this after ever longer pauses
 * until the history has caught up with the stream, with at most seven fetches in total.
 */
const SETTLE_MS = 3_000;
const SETTLE_SPAN_MS = 20_000;
const SETTLE_ATTEMPTS = 7; // the last attempt is made after three minutes

interface BackfillOptions {
  fetchHistory(query: HistoryQuery, signal: AbortSignal): Promise<HistoryResult>;
  random(): number;
  /** Called after a fetch. `problem` is null if the samples were merged, otherwise the reason why the fetch failed. */
  onChange(problem: string | null): void;
}

/**
 * Joins a host's history to its live samples, without gaps or duplicates.
 *
 * The stream is opened before the history is fetched, so no sample is lost between the two. The history is fetched in
 * two parts: an older part, whose points may be buckets, and the newest minute, whose points are single samples. Live
 * samples therefore overlap only with single samples. Samples of a channel with the same time are duplicates, and only
 * one of them is stored. A sample is never added to a bucket; the history delivers a new bucket instead. Frames and
 * responses can arrive in any order.
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

  /** Fetch the samples since `from` (by the collector's clock), but at most those of the last hour. */
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
      // Not shown as a problem: the history responded a moment ago, and the next attempt follows.
    }
    if (this.request.signal.aborted || now >= newest || attempt + 1 >= SETTLE_ATTEMPTS) return;
    this.later(() => void this.settle(newest, now, attempt + 1), SETTLE_MS * 2 ** attempt);
  }

  /** Fetch the history of a span and merge it. Returns the time of the newest point, or -Infinity if there is none. */
  private async merge(start: number, end: number, maxPoints: number): Promise<number> {
    const query = { host: this.host.name, start, end, maxPoints };
    const response = await this.options.fetchHistory(query, this.request.signal);
    if (this.request.signal.aborted) return -Infinity;
    this.host.merge(response);
    // The server cuts the span to its retention. If the newest sample is outside of what remains, the host's
    // clock is so far ahead or behind that the history rejects its samples.
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
