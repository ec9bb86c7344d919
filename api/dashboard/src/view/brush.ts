import { type Zoom, zoomTo } from "./view";

/** What a drag on the history strip does: select a new span, move the old one, or move one of its edges. */
export type DragHandle = "select" | "move" | "from" | "to";

/** The span after a drag from `start` to `end`, limited to `bounds`; null if it would be shorter than 1 s. */
export function brushed(handle: DragHandle, old: Zoom, start: number, end: number, bounds: Zoom): Zoom | null {
  const inside = (time: number) => Math.min(Math.max(time, bounds.from), bounds.to);
  if (handle === "from") return zoomTo(inside(old.from + end - start), old.to);
  if (handle === "to") return zoomTo(old.from, inside(old.to + end - start));
  if (handle === "select") return zoomTo(inside(Math.min(start, end)), inside(Math.max(start, end)));
  return moved(old, end - start, bounds);
}

/** The span, moved by `by` but not beyond `bounds`. Its length changes only if it is longer than `bounds`. */
export function moved({ from, to }: Zoom, by: number, bounds: Zoom): Zoom | null {
  const width = Math.min(to - from, bounds.to - bounds.from);
  const start = Math.min(Math.max(from + by, bounds.from), bounds.to - width);
  return zoomTo(start, start + width);
}
