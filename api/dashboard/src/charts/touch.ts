import type uPlot from "uplot";

const MIN_PIXELS = 16;

/**
 * Lets the user select a span by dragging a finger sideways on a plot, as with the mouse.
 *
 * Moving a finger up or down scrolls the page instead (see touch-action in styles/charts.css). The browser then fires
 * `pointercancel`, which ends the selection. Returns a function that stops listening.
 */
export function listenToTouch(plot: uPlot, choose: (left: number, right: number) => void): () => void {
  const { over } = plot;
  let start: number | null = null;
  const xOf = (event: PointerEvent) => event.clientX - over.getBoundingClientRect().left;
  const show = (left: number, width: number) =>
    plot.setSelect({ left, top: 0, width, height: width > 0 ? over.clientHeight : 0 }, false);
  const down = (event: PointerEvent) => {
    start = event.pointerType === "touch" && event.isPrimary ? xOf(event) : null;
  };
  const move = (event: PointerEvent) => {
    if (start !== null) show(Math.min(start, xOf(event)), Math.abs(xOf(event) - start));
  };
  const end = (event: PointerEvent) => {
    const from = start;
    start = null;
    if (from === null) return;
    show(0, 0);
    const [left, right] = [Math.min(from, xOf(event)), Math.max(from, xOf(event))];
    if (event.type === "pointerup" && right - left >= MIN_PIXELS) choose(left, right);
  };
  const request = new AbortController();
  const options = { signal: request.signal };
  over.addEventListener("pointerdown", down, options);
  over.addEventListener("pointermove", move, options);
  over.addEventListener("pointerup", end, options);
  over.addEventListener("pointercancel", end, options);
  return () => request.abort();
}
