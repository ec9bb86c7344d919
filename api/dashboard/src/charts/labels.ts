import type uPlot from "uplot";

const FAMILY = 'system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif';
// The charts' sizes are designed for this font size of the root element, in pixels.
const DEFAULT_ROOT = 16;
const MAX_WIDTHS = 500;

/** The text size set in the browser, relative to the default. */
export function textScale(): number {
  return parseFloat(getComputedStyle(document.documentElement).fontSize) / DEFAULT_ROOT;
}

export function labelFont(scale: number): string {
  return `${11 * scale}px ${FAMILY}`;
}

const widths = new Map<string, number>();

/** The width of the widest label, in CSS pixels. */
export function widest(plot: uPlot, labels: readonly string[], font: string): number {
  return Math.ceil(labels.reduce((most, label) => Math.max(most, widthOf(plot, label, font)), 0));
}

function widthOf(plot: uPlot, label: string, font: string): number {
  const key = `${font} ${label}`;
  const known = widths.get(key);
  if (known !== undefined) return known;
  plot.ctx.save();
  plot.ctx.font = font;
  const { width } = plot.ctx.measureText(label);
  plot.ctx.restore();
  if (widths.size > MAX_WIDTHS) widths.clear();
  widths.set(key, width);
  return width;
}

/** Whether a label centred at `time` fits without being cut off by the chart's right edge. */
export function hasRoom(plot: uPlot, time: number, label: string, font: string): boolean {
  const end = plot.bbox.left / devicePixelRatio + plot.valToPos(time, "x") + widthOf(plot, label, font) / 2;
  return plot.bbox.width === 0 || end <= plot.width;
}
