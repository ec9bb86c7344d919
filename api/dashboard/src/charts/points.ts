import { isGapAfter } from "../store/gaps";
import type { ChannelSeries } from "../store/series";
import type { Zoom } from "../view/view";

/** Returns the value of a line at a point; NaN if the value was not reported. */
export type Reading = (series: ChannelSeries, index: number) => number;

type Column = (number | null)[];

/**
 * The points of a span in uPlot's format: the times, and one column per line.
 *
 * The nearest point on each side of the span is included, so that the lines reach the edges of the plot. uPlot
 * breaks a line at a null. A missing value is null, and an outage is a row of nulls.
 */
export function pointsOf(
  series: ChannelSeries | undefined,
  span: Zoom,
  intervalMs: number,
  readings: readonly Reading[],
): [number[], ...Column[]] {
  const times: number[] = [];
  const columns: Column[] = readings.map(() => []);
  if (series === undefined) return [times, ...columns];
  const first = Math.max(series.indexFrom(span.from) - 1, 0);
  const end = Math.min(series.indexFrom(span.to) + 1, series.length);
  for (let index = first; index < end; index += 1) {
    times.push(series.times[index]!);
    for (let line = 0; line < readings.length; line += 1) {
      const value = readings[line]!(series, index);
      columns[line]!.push(Number.isNaN(value) ? null : value);
    }
    if (index + 1 < end && isGapAfter(series, index, intervalMs)) {
      times.push((series.times[index]! + series.times[index + 1]!) / 2);
      for (const column of columns) column.push(null);
    }
  }
  return [times, ...columns];
}

/** Reads the value of a column, divided by `scale`. */
export function column(name: string, scale = 1): Reading {
  return (series, index) => series.value(name, index) / scale;
}

/** Reads one column as a percentage of another. */
export function shareOf(used: string, total: string): Reading {
  return (series, index) => (100 * series.value(used, index)) / series.value(total, index);
}
