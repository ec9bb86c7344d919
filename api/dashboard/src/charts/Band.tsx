import { useMemo } from "preact/hooks";
import type { Monitor } from "../monitor";
import { useReading } from "../view/hooks";
import { type Extent, envelopeOf } from "./envelope";
import { pixelOf } from "./throttle";

interface Props {
  readonly channel: string;
  /** The name of a column whose values are between 0 and 100. */
  readonly column: string;
  readonly class?: string | undefined;
}

// About the width of a band in pixels.
const COLUMNS = 200;
const HEIGHT = 100;

/**
 * A small chart of a column, without axes. It fills the area between each pixel's minimum and maximum.
 */
export function Band({ channel, column, class: style }: Props) {
  const outline = useReading(useMemo(() => outlineOf(channel, column), [channel, column]));
  // Not a canvas, because the browser would make a layer for each canvas, and another for whatever covers it.
  return (
    <span class={style}>
      <svg viewBox={`0 0 ${COLUMNS} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <path d={outline} vector-effect="non-scaling-stroke" />
      </svg>
    </span>
  );
}

/**
 * Returns a function that returns the outline of the area as an SVG path.
 *
 * To save CPU time, the path changes only once the span has moved by about two pixels. The number beside the chart
 * shows each new sample immediately.
 */
function outlineOf(channel: string, column: string): (monitor: Monitor) => string {
  let known = "";
  let path = "";
  return (monitor) => {
    const series = monitor.charted?.series.get(channel);
    const { from, to } = monitor.span;
    const pixel = pixelOf(to, (2 * (to - from)) / COLUMNS, channel);
    const state = [monitor.shown?.name, to - from, pixel, series?.revision, monitor.detail.version].join();
    if (state === known) return path;
    known = state;
    const interval = monitor.shown?.intervalMs ?? 2000;
    path = series ? envelopeOf(series, column, { from, to }, COLUMNS, interval).map(pathOf).join("") : "";
    return path;
  };
}

function pathOf(run: readonly Extent[]): string {
  const y = (value: number) => Math.round(HEIGHT - Math.min(Math.max(value, 0), HEIGHT));
  const highs = run.map(({ pixel, high }) => `L${pixel + 0.5} ${y(high)}`);
  const lows = run.toReversed().map(({ pixel, low }) => `L${pixel + 0.5} ${y(low)}`);
  const { pixel, low, high } = run[0]!;
  return `M${pixel} ${y(high)}${highs.join("")}${lows.join("")}L${pixel} ${y(low)}Z`;
}
