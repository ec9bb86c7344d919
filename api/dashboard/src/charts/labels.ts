import type uPlot from "uplot";

const FAMILY = 'system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif';
// The size of the root's text at which the sizes of the charts are meant, in pixels.
const USUAL_ROOT = 16;
const MOST_WIDTHS = 500;

/** How much larger than usual the reader has set the text of all pages. */
export function textScale(): number {
  return parseFloat(getComputedStyle(document.documentElement).fontSize) / USUAL_ROOT;
}

export function labelFont(scale: number): string {
  return `${11 * scale}px ${FAMILY}`;
}

const widths = new Map<string, number>();

/** How wide the widest of the labels of an axis is, in pixels of the page. */
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
  if (widths.size > MOST_WIDTHS) widths.clear();
  widths.set(key, width);
  return width;
}

/** Whether a label under `time` ends before the picture does, which would cut it. */
export function hasRoom(plot: uPlot, time: number, label: string, font: string): boolean {
  const end = plot.bbox.left / devicePixelRatio + plot.valToPos(time, "x") + widthOf(plot, label, font) / 2;
  return plot.bbox.width === 0 || end <= plot.width;
}
