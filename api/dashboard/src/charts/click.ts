const DOUBLE_CLICK_MS = 300;
const MAX_PIXELS = 3;

/**
 * Calls `onClick` on a single mouse click, but not on a double-click or at the end of a drag.
 *
 * Taps are ignored, since they only move the cursor. Returns a function that stops listening.
 */
export function listenToClick(element: HTMLElement, onClick: (x: number) => void): () => void {
  let pressed: number | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const request = new AbortController();
  const options = { signal: request.signal };
  const down = (event: PointerEvent) => {
    pressed = event.pointerType === "mouse" && event.button === 0 ? event.clientX : null;
  };
  const click = (event: MouseEvent) => {
    clearTimeout(timer);
    if (pressed === null || event.detail > 1 || Math.abs(event.clientX - pressed) > MAX_PIXELS) return;
    timer = setTimeout(() => onClick(event.clientX), DOUBLE_CLICK_MS);
  };
  element.addEventListener("pointerdown", down, options);
  element.addEventListener("click", click, options);
  return () => {
    clearTimeout(timer);
    request.abort();
  };
}
