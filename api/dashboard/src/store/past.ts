import { signal } from "@preact/signals";
import type { HistoryAnswer, HistoryColumns } from "../bus/answers";
import type { PastQuery } from "../bus/rest";
import { gpuOf } from "../catalogue";

/** Utilization over all that the history keeps. */
export interface Past {
  readonly host: string;
  readonly from: number;
  readonly to: number;
  /** Whose utilization it is: the mean of the GPUs, or the CPU of a host without one. */
  readonly subject: "GPU" | "CPU";
  readonly times: readonly number[];
  /** Percent. */
  readonly values: readonly number[];
  /** How long a point lasts, in ms. */
  readonly width: number;
}

const MAX_POINTS = 300;
const MIN_REFRESH_MS = 60_000;
const RETRY_MS = 30_000;
const SHORTEST_MS = 600_000;
// A history that has just begun is a thin line at the edge; it is fetched again, alone.
const MIN_FILLED = 0.5;
const MARGIN = 0.02;

type FetchPast = (query: PastQuery, signal: AbortSignal) => Promise<HistoryAnswer>;

/** The past of the host that is shown, fetched now and then. */
export class PastFeed {
  readonly known = signal<Past | null>(null);
  private host: string | null = null;
  private dueAt = -Infinity;
  private request = new AbortController();

  constructor(private readonly fetchPast: FetchPast) {}

  /** Fetch it if necessary; call it with each frame. `now` is by the host's clock. */
  show(host: string | null, keptMs: number | null, now: number): void {
    if (host !== this.host) {
      this.request.abort();
      this.request = new AbortController();
      this.host = host;
      this.dueAt = -Infinity;
      this.known.value = null;
    }
    if (host === null || keptMs === null || performance.now() < this.dueAt) return;
    this.dueAt = performance.now() + Math.max(MIN_REFRESH_MS, keptMs / MAX_POINTS);
    void this.load(host, keptMs, now);
  }

  private async load(host: string, keptMs: number, now: number): Promise<void> {
    const { signal } = this.request;
    try {
      const kept = { host, start: now - keptMs, end: now, maxPoints: MAX_POINTS };
      const all = pastOf(await this.fetchPast(kept, signal), now);
      if (signal.aborted) return;
      const isShort = now - all.from < MIN_FILLED * keptMs;
      const part = { ...kept, start: all.from };
      const past = isShort ? pastOf(await this.fetchPast(part, signal), now) : all;
      if (signal.aborted) return;
      this.known.value = past;
      this.dueAt = performance.now() + Math.max(MIN_REFRESH_MS, (past.to - past.from) / MAX_POINTS);
    } catch {
      // The notices show that the history cannot be read.
      if (!signal.aborted) this.dueAt = performance.now() + RETRY_MS;
    }
  }
}

/** It begins a little before the oldest point, and ends at `now`. */
export function pastOf({ host, channels }: HistoryAnswer, now: number): Past {
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
