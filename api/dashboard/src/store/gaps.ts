import type { ChannelSeries } from "./series";

const MISSED_INTERVALS = 2.5;

/**
 * Whether there is an outage between the points at `index` and `index + 1`.
 *
 * There is an outage between two samples if they are more than 2.5 intervals apart. Since the interval might have
 * been longer in the past, it is taken to be the longest of the current interval, the shorter of the two distances
 * before this pair of points, and the shorter of the two after it.
 */
export function isGapAfter(series: ChannelSeries, index: number, intervalMs: number): boolean {
  const distance = distanceAfter(series, index, intervalMs);
  if (distance <= MISSED_INTERVALS * intervalMs) return false;
  const around = (step: number) =>
    Math.min(distanceAfter(series, index + step, intervalMs), distanceAfter(series, index + 2 * step, intervalMs));
  return distance > MISSED_INTERVALS * Math.max(intervalMs, around(-1), around(1));
}

/**
 * Milliseconds from the last sample of a point to the next point. The last sample of a bucket is assumed to be one
 * interval before the end of the bucket.
 */
function distanceAfter(series: ChannelSeries, index: number, intervalMs: number): number {
  if (index < 0 || index + 1 >= series.length) return 0;
  const inside = Math.max(series.widths[index]! - intervalMs, 0);
  return series.times[index + 1]! - series.times[index]! - inside;
}
