import type { ChannelSeries } from "./series";

const SPAN_MS = 600_000;
const LEAST_MS = 120_000;
const MAX_POINTS = 20;
const REFRESH_MS = 30_000;
const MINUTE_MS = 60_000;
// Memory counts as steady if it grew by less than a thousandth of its limit, or by less than three times the usual
// deviation from the slope.
const LEAST_SHARE = 0.001;
const NOISE = 3;

const known = new WeakMap<ChannelSeries, { readonly key: string; readonly slope: number | null }>();

/**
 * How much the column `used` has grown per minute over the last ten minutes.
 *
 * 0 if `used` was steady; null if there is less than two minutes of data. `whole` is the column with the upper limit of
 * `used`, such as `memory_total` for `memory_used`.
 *
 * The result is the median of the slopes between all pairs of points (Theil–Sen), so a single step has little effect.
 */
export function slopeOf(series: ChannelSeries, used: string, whole: string): number | null {
  const key = `${used} ${series.revision} ${Math.floor(series.last / REFRESH_MS)}`;
  const last = known.get(series);
  if (last?.key === key) return last.slope;
  const slope = compute(series, used, whole);
  known.set(series, { key, slope });
  return slope;
}

function compute(series: ChannelSeries, used: string, whole: string): number | null {
  const points = pointsOf(series, used);
  const spanMs = (points.at(-1)?.time ?? 0) - (points[0]?.time ?? 0);
  if (spanMs < LEAST_MS) return null;
  const slopes: number[] = [];
  points.forEach((one, index) => {
    for (const other of points.slice(index + 1)) slopes.push((other.value - one.value) / (other.time - one.time));
  });
  const slope = median(slopes);
  const offsets = points.map(({ time, value }) => value - slope * time);
  const level = median(offsets);
  const noise = median(offsets.map((offset) => Math.abs(offset - level)));
  const limit = series.value(whole, series.length - 1);
  const least = Math.max(NOISE * noise, Number.isNaN(limit) ? 0 : LEAST_SHARE * limit);
  return Math.abs(slope) * spanMs <= least ? 0 : slope * MINUTE_MS;
}

function pointsOf(series: ChannelSeries, column: string): { time: number; value: number }[] {
  const first = series.indexFrom(series.last - SPAN_MS);
  const step = Math.max((series.length - 1 - first) / (MAX_POINTS - 1), 1);
  const points: { time: number; value: number }[] = [];
  for (let at = first; at < series.length; at += step) {
    const index = Math.round(at);
    const value = series.value(column, index);
    if (!Number.isNaN(value)) points.push({ time: series.times[index]!, value });
  }
  return points;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
