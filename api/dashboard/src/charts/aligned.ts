import type { ChannelSeries } from "../store/series";
import type { Zoom } from "../view/view";
import type { Reading } from "./points";

const MOST_COLUMNS = 360;

/** The source of a line's values: `read` reads them from `series`, if the series exists. */
export interface Source {
  readonly series: ChannelSeries | undefined;
  readonly read: Reading;
}

/** The shortest step in ms: two sampling intervals, so that each step has a sample even if the intervals vary. */
export function stepMs(intervalMs: number): number {
  return 2 * intervalMs;
}

/**
 * The lines of several channels in uPlot's format, with common times.
 *
 * The span is divided into at most about 360 steps. A step is at least two sampling intervals long, and at least as
 * long as the widest bucket of the lines. For each step, a line has the mean of its values in that step, or null if
 * there are none. Steps start at multiples of their length, so that the lines keep their shape as the span moves.
 */
export function alignedMeans(
  sources: readonly Source[],
  span: Zoom,
  intervalMs: number,
): [number[], ...(number | null)[][]] {
  const step = Math.max(
    (span.to - span.from) / MOST_COLUMNS,
    stepMs(intervalMs),
    ...sources.map((each) => widest(each, span)),
  );
  const first = Math.floor(span.from / step);
  const count = Math.floor(span.to / step) - first + 1;
  const times = Array.from({ length: count }, (_, index) => (first + index + 0.5) * step);
  return [times, ...sources.map((source) => means(source, span, step, first, count))];
}

function means({ series, read }: Source, { from, to }: Zoom, step: number, first: number, count: number) {
  const sums = new Float64Array(count);
  const counts = new Uint32Array(count);
  const start = series?.indexFrom(from) ?? 0;
  for (let index = start; series && index < series.length && series.times[index]! <= to; index += 1) {
    const value = read(series, index);
    if (Number.isNaN(value)) continue;
    const place = Math.floor(series.times[index]! / step) - first;
    sums[place]! += value;
    counts[place]! += 1;
  }
  return Array.from(sums, (sum, place) => (counts[place]! > 0 ? sum / counts[place]! : null));
}

/** The width of the widest bucket in the span; 0 if there are only samples. */
function widest({ series }: Source, { from, to }: Zoom): number {
  let width = 0;
  if (series === undefined) return width;
  const end = series.indexFrom(to);
  for (let index = series.indexFrom(from); index < end; index += 1) width = Math.max(width, series.widths[index]!);
  return width;
}
