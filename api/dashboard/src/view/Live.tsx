import { h, type RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Monitor } from "../monitor";
import { useMonitor } from "./hooks";

/**
 * Calls `write` with its element after each rendering and with each frame, and with `cursor` also
 * when the cursor moves. For content that changes with each sample: nothing else is rendered again.
 */
export function useLive<E extends Element>(
  write: (element: E, monitor: Monitor) => void,
  cursor = false,
): RefObject<E | null> {
  const monitor = useMonitor();
  const element = useRef<E>(null);
  const newest = useRef(write);
  newest.current = write;
  useLayoutEffect(() => {
    if (element.current) write(element.current, monitor);
  });
  useLayoutEffect(() => {
    const update = () => {
      if (element.current) newest.current(element.current, monitor);
    };
    const stops = [monitor.frames, ...(cursor ? [monitor.cursor] : [])].map((each) => each.subscribe(update));
    return () => stops.forEach((stop) => stop());
  }, [monitor, cursor]);
  return element;
}

interface Props {
  readonly read: (monitor: Monitor) => string;
  /** The tooltip, if it changes as well. */
  readonly hint?: (monitor: Monitor) => string;
  readonly as?: "span" | "b" | "small" | "p";
  readonly cursor?: boolean;
  readonly class?: string;
  readonly title?: string;
  readonly testId?: string;
}

/** A text that follows the data. */
export function Live({ read, hint, as = "span", cursor = false, testId, ...others }: Props) {
  const element = useLive<HTMLElement>((target, monitor) => {
    setText(target, read(monitor));
    if (hint) setAttribute(target, "title", hint(monitor));
  }, cursor);
  return h(as, { ref: element, "data-testid": testId, ...others });
}

/** Changes the text in place: a new node would cost style and layout from scratch. */
export function setText(element: Element, text: string): void {
  const node = (element.firstChild ?? element.appendChild(new Text())) as Text;
  if (node.data !== text) node.data = text;
}

export function setAttribute(element: Element, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
