import { gpuChannel } from "../catalogue";
import type { Monitor } from "../monitor";

/**
 * Handles the page-wide keys, which Help.tsx lists, except in a form field or while a dialog is open. Returns a
 * function that removes the handlers.
 */
export function listenToKeys(monitor: Monitor, showHelp: () => void): () => void {
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const focused = event.target instanceof Element ? event.target : document.body;
    if (focused.closest("select, input, textarea")) return;
    if (event.key === " " && focused.closest("button, summary, a")) return; // the space bar presses the button
    if (!act(monitor, event.key, showHelp)) return;
    event.preventDefault();
  };
  // A button that was clicked with the mouse loses the focus, so that after a click on CSV, the space
  // bar pauses the view and does not save again. A button that was pressed with the keyboard (`detail`
  // is 0) keeps the focus.
  const onClick = (event: MouseEvent) => {
    const button =
      event.target instanceof Element ? event.target.closest<HTMLButtonElement>("button:not([data-hint])") : null;
    if (event.detail > 0) button?.blur();
  };
  addEventListener("keydown", onKeyDown);
  addEventListener("click", onClick);
  return () => {
    removeEventListener("keydown", onKeyDown);
    removeEventListener("click", onClick);
  };
}

function act(monitor: Monitor, key: string, showHelp: () => void): boolean {
  const range = monitor.ranges[Number(key) - 1];
  if (key === " ") monitor.togglePause();
  else if (range) monitor.change({ range, zoom: null });
  else if (key === "0" || key === "Escape") monitor.change({ zoom: null, compareZoom: null });
  else if (key === "[") stepGpu(monitor, -1);
  else if (key === "]") stepGpu(monitor, 1);
  else if (key === "a") monitor.annotate();
  else if (key === "?") showHelp();
  else return false;
  return true;
}

function stepGpu(monitor: Monitor, by: number): void {
  const ids = monitor.shown?.gpuIds ?? [];
  if (ids.length === 0) return;
  const now = Math.max(ids.indexOf(monitor.view.gpu ?? ""), 0);
  const id = ids[(now + by + ids.length) % ids.length]!;
  if (monitor.shown?.newest.has(gpuChannel(id))) monitor.change({ gpu: id });
}
