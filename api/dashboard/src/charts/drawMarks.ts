import type uPlot from "uplot";
import type { Bar, Marks, Shade } from "./marks";
import { tint } from "./palette";

/**
 * Heights in CSS pixels. A lane is a row of bars below the plot; each bar is a run.
 *
 * In charts at least TALL pixels high, a lane has room for run names. It is NAMED pixels high at the
 * default text size, and higher at larger sizes. In other charts, a lane is THIN pixels high.
 */
const THIN = 6;
const NAMED = 15;
const TALL = 170;
const TINTS = { info: "blue", warning: "orange", critical: "warn" } as const;

export function laneHeight(height: number, textScale: number): number {
  return height >= TALL ? NAMED * textScale : THIN;
}

/** Shade the spans of findings, behind the lines. */
export function drawShades(plot: uPlot, shades: readonly Shade[]): void {
  const { ctx, bbox } = plot;
  ctx.save();
  for (const { from, to, severity } of shades) {
    const [left, right] = extent(plot, from, to);
    ctx.fillStyle = `${tint(TINTS[severity])}1f`;
    ctx.fillRect(left, bbox.top, right - left, bbox.height);
    ctx.fillStyle = tint(TINTS[severity]);
    ctx.fillRect(left, bbox.top, right - left, 2 * devicePixelRatio);
  }
  ctx.restore();
}

/** Draw each annotation as a vertical line, and each run as a bar below the plot. */
export function drawMarks(plot: uPlot, { lines, bars }: Marks, lane: number, font: string): void {
  const { ctx, bbox } = plot;
  const unit = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = tint("axis");
  ctx.fillStyle = tint("text");
  ctx.lineWidth = unit;
  ctx.setLineDash([3 * unit, 3 * unit]);
  let last = NaN;
  for (const { from } of lines) {
    const x = Math.round(plot.valToPos(from, "x", true)) + 0.5;
    if (x === last) continue; // an annotation in the same pixel is already drawn
    last = x;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.beginPath();
    ctx.moveTo(x - 4 * unit, bbox.top);
    ctx.lineTo(x + 4 * unit, bbox.top);
    ctx.lineTo(x, bbox.top + 6 * unit);
    ctx.fill();
  }
  ctx.setLineDash([]);
  for (const bar of bars) drawBar(plot, bar, lane, font);
  ctx.restore();
}

function drawBar(plot: uPlot, bar: Bar, lane: number, font: string): void {
  const { ctx, bbox } = plot;
  const unit = devicePixelRatio;
  const [left, right] = extent(plot, bar.from, bar.to);
  const top = bbox.top + bbox.height + (2 + bar.lane * lane) * unit;
  const height = (lane - 2) * unit;
  ctx.fillStyle = `${tint("grey")}66`;
  ctx.fillRect(left, top, right - left, height);
  // A run ends with an edge, which is wider and coloured if the run failed.
  if (!bar.isOpen) {
    ctx.fillStyle = tint(bar.hasFailed ? "warn" : "text");
    const width = Math.min((bar.hasFailed ? 4 : 2) * unit, right - left);
    ctx.fillRect(right - width, top, width, height);
  }
  if (lane <= THIN || right - left < 40 * unit) return;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, right - left - 4 * unit, height);
  ctx.clip();
  ctx.fillStyle = tint("text");
  ctx.font = font.replace(/^[\d.]+/, (size) => String(0.94 * Number(size) * unit));
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.fillText(bar.label, left + 4 * unit, top + height / 2);
  ctx.restore();
}

/**
 * The left and right edges of a span, in pixels of the canvas.
 *
 * They are clipped to the plot, but at least one CSS pixel apart, so that a short span is visible.
 */
function extent(plot: uPlot, from: number, to: number): [number, number] {
  const { left, width } = plot.bbox;
  const first = Math.max(plot.valToPos(from, "x", true), left);
  const last = Math.min(plot.valToPos(to, "x", true), left + width);
  return [Math.round(first), Math.max(Math.round(last), Math.round(first) + devicePixelRatio)];
}
