import { signal } from "@preact/signals";
import type { HistoryColumns, HistoryResult } from "../bus/responses";
import type { PastQuery } from "../bus/rest";
import { gpuOf } from "../catalogue";
import { RetriedFetch } from "../connection/retriedFetch";

/** The utilization of a host over the whole time that the history covers. */
export interface Past {
  readonly host: string;
  readonly from: number;
  readonly to: number;
  /** What `values` describes: the mean of the host's GPUs, or the CPU if the host has no GPU. */
  readonly subject: "GPU" | "CPU";
  readonly times: readonly number[];
  /** Utilization in percent, one value for each of `times`. */
  readonly values: readonly number[];
  /** The length of time that each point covers, in ms. */
  readonly width: number;
}

const MAX_POINTS = 300;
const MIN_REFRESH_MS = 60_000;
const SHORTEST_MS = 600_000;
// If less than this share of the retention has data, the data would be only a thin line at the edge of the strip.
// The part that has data is then fetched again, in more detail.
const MIN_FILLED = 0.5;
const MARGIN = 0.02;

interface Options {
  fetchPast(query: PastQuery, signal: AbortSignal): Promise<HistoryResult>;
  random(): number;
}

/** Fetches the past utilization of the displayed host, and refreshes it at most once a minute. */
export class PastFeed {
  readonly known = signal<Past | null>(null);
  private host: string | null = null;
  private keptMs = 0;
  private now = 0;
  private dueAt = -Infinity;
  private readonly past: RetriedFetch<Past>;

  constructor(private readonly options: Options) {
    this.past = new RetriedFetch({
      fetch: (signal) => this.load(this.host ?? "", signal),
      random: options.random,
      onFetched: (past) => {
        this.known.value = past;
        this.refreshIn((past.to - past.from) / MAX_POINTS);
      },
      // The notices show that the history cannot be read.
    });
  }

  /**
   * Fetch the past utilization of `host` if the next fetch is due.
   *
   * Call this method each time the page is drawn. `now` is the time by the host's clock.
   */
  show(host: string | null, keptMs: number | null, now: number): void {
    if (host !== this.host) {
      this.past.stop();
      this.host = host;
      this.dueAt = -Infinity;
      this.known.value = null;
    }
    if (host === null || keptMs === null) return;
    this.keptMs = keptMs;
    this.now = now;
    if (performance.now() < this.dueAt) return;
    this.refreshIn(keptMs / MAX_POINTS);
    this.past.fetch();
  }

  private refreshIn(ms: number): void {
    this.dueAt = performance.now() + Math.max(MIN_REFRESH_MS, ms);
  }

  private async load(host: string, signal: AbortSignal): Promise<Past> {
    const { keptMs, now } = this;
    const kept = { host, start: now - keptMs, end: now, maxPoints: MAX_POINTS };
    const all = pastOf(await this.options.fetchPast(kept, signal), now);
    if (now - all.from >= MIN_FILLED * keptMs) return all;
    return pastOf(await this.options.fetchPast({ ...kept, start: all.from }, signal), now);
  }
}

/**
 * Compute the utilization over time from the host's history. This is the mean GPU utilization. If the history
 * has no GPU samples, it is the CPU utilization.
 *
 * The result ends at `now`. It begins a little before the oldest point, and at least ten minutes before `now`.
 */
export function pastOf({ host, channels }: HistoryResult, now: number): Past {
  const entries = [...channels].filter(([, { timestamps }]) => timestamps.length > 0);
  const gpus = entries.filter(([channel]) => gpuOf(channel) !== null);
  const chosen = gpus.length > 0 ? gpus : entries.filter(([channel]) => channel === "system/cpu");
  const means = meansOf(chosen.map(([, columns]) => columns));
  const times = [...means.keys()].sort((one, other) => one - other);
  const oldest = Math.min(times[0] ?? now, now - SHORTEST_MS);
  return {
    host,
    from: Math.round(oldest - MARGIN * (now - oldest)),
    to: Math.round(now),
    subject: gpus.length > 0 ? "GPU" : "CPU",
    times,
    values: times.map((time) => means.get(time) ?? NaN),
    width: Math.max(...chosen.map(([, { bucketWidth }]) => bucketWidth), 0),
  };
}

function meansOf(channels: readonly HistoryColumns[]): Map<number, number> {
  const sums = new Map<number, [sum: number, count: number]>();
  for (const { timestamps, columns } of channels) {
    timestamps.forEach((time, index) => {
      const value = columns.utilization?.[index];
      if (value == null) return;
      const [sum, count] = sums.get(time) ?? [0, 0];
      sums.set(time, [sum + value, count + 1]);
    });
  }
  return new Map([...sums].map(([time, [sum, count]]) => [time, sum / count]));
}
