import { isGapAfter } from "../store/gaps";
import type { ChannelSeries } from "../store/series";
import type { Zoom } from "../view/view";

/** The lowest and the highest value at one pixel of the time axis. */
export interface Extent {
  readonly pixel: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The lowest and the highest value of `column` at each pixel of a span, in one list per stretch without gaps.
 *
 * The span is `width` pixels wide. If each pixel showed the mean instead, a utilization that swings between 15% and
 * 100% would look like a flat line.
 */
export function envelopeOf(
  series: ChannelSeries,
  column: string,
  { from, to }: Zoom,
  width: number,
  intervalMs: number,
): Extent[][] {
  const runs: Extent[][] = [];
  let run: Extent[] = [];
  const end = () => {
    if (run.length > 0) runs.push(run);
    run = [];
  };
  for (let index = series.indexFrom(from); index < series.length && series.times[index]! <= to; index += 1) {
    const value = series.value(column, index);
    if (Number.isNaN(value)) {
      end();
      continue;
    }
    const pixel = Math.floor((width * (series.times[index]! - from)) / (to - from));
    const last = run.at(-1);
    if (last?.pixel === pixel) {
      run[run.length - 1] = { pixel, low: Math.min(last.low, value), high: Math.max(last.high, value) };
    } else {
      run.push({ pixel, low: value, high: value });
    }
    if (isGapAfter(series, index, intervalMs)) end();
  }
  end();
  return runs;
}
