import type uPlot from "uplot";
import type { ChartMarks } from "./chartMarks";
import { hasRoom, widest } from "./labels";
import type { Line, Scale } from "./lines";
import { tint } from "./palette";
import { areaPath } from "./stack";
import { STEPS, type TimeScale } from "./timeAxis";

interface Plotted {
  readonly lines: readonly Line[];
  readonly scales: readonly Scale[];
  readonly width: number;
  readonly height: number;
  readonly font: string;
  readonly textScale: number;
  /** Called when the user has selected a span by dragging over the plot. */
  readonly select: () => void;
  /** Called when the user has double-clicked the plot. */
  readonly reset: () => void;
  readonly marks: ChartMarks;
  readonly times: TimeScale;
  readonly isStacked?: boolean;
}

/** The gap between the plot and the times below it, in CSS pixels; larger if runs are shown there. */
export const X_GAP = 6;

/** The uPlot options for a chart. */
export function plotOptions(plotted: Plotted): uPlot.Options {
  const { lines, scales, width, height, font, textScale, select, reset, marks, times, isStacked } = plotted;
  const grid = { stroke: tint("grid"), width: 1 };
  const common = { stroke: tint("axis"), font, ticks: { show: false } };
  return {
    width,
    height,
    ms: 1,
    legend: { show: false }, // uPlot's legend would add some labels to the page as markup
    padding: [8 * textScale, scales.some((scale) => scale.side === "right") ? 0 : 12, 0, 0],
    scales: {
      x: { time: times.isClock, auto: false },
      ...Object.fromEntries(
        scales.map((scale): [string, uPlot.Scale] => [scale.key, { range: (_, low, high) => scale.range(low, high) }]),
      ),
    },
    axes: [
      {
        ...common,
        grid,
        size: () => 22 * textScale + marks.room,
        gap: X_GAP,
        space: 58 * textScale,
        incrs: STEPS,
        values: (plot, splits, __, ___, step) => {
          const format = (time: number) => times.onAxis(time, step);
          return splits.map((time) => (hasRoom(plot, time, format(time), font) ? format(time) : null));
        },
      },
      ...scales.map(
        (scale, index): uPlot.Axis => ({
          ...common,
          scale: scale.key,
          side: scale.side === "left" ? 3 : 1,
          grid: { ...grid, show: index === 0 },
          stroke: tint(scale.tint ?? "axis"),
          size: (plot, labels) =>
            Math.max((scale.side === "left" ? 46 : 42) * textScale, widest(plot, labels ?? [], font) + 12),
          gap: 6,
          space: (height < 130 ? 22 : 36) * textScale,
          values: (_, splits) => splits.map(scale.format),
        }),
      ),
    ],
    series: [
      {},
      ...lines.map(
        (line): uPlot.Series => ({
          scale: line.scale,
          stroke: tint(line.tint),
          width: line.filled ? 1.75 : 1.4,
          points: { show: false },
          ...(line.dash ? { dash: [...line.dash] } : {}),
          ...(isStacked ? { paths: areaPath, fill: `${tint(line.tint)}59` } : {}),
          ...(line.filled ? { fill: `${tint(line.tint)}26` } : {}),
        }),
      ),
    ],
    cursor: {
      y: false,
      drag: { x: true, y: false, setScale: false },
      points: { size: 6 },
      bind: {
        dblclick: () => () => {
          reset();
          return null;
        },
      },
    },
    hooks: {
      ...marks.hooks,
      setSelect: [select],
    },
  };
}
