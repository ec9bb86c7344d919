import { createContext } from "preact";
import { useContext, useEffect, useReducer, useRef, useState } from "preact/hooks";
import type { Monitor } from "../monitor";
import type { Emitter } from "./emitter";

export const MonitorContext = createContext<Monitor | null>(null);

export function useMonitor(): Monitor {
  const monitor = useContext(MonitorContext);
  if (monitor === null) throw new Error("A component was rendered outside of SystemMonitor.");
  return monitor;
}

function useEmitter(emitter: Emitter): void {
  const [, update] = useReducer((count: number) => count + 1, 0);
  useEffect(() => emitter.subscribe(() => update(undefined as never)), [emitter]);
}

/**
 * Render again with a frame if the value of `key` has changed: it decides which parts there are.
 * Values inside them that change with each sample are written by useLive (Live.tsx).
 */
export function useFrameWhen(key: (monitor: Monitor) => string): Monitor {
  const monitor = useMonitor();
  const newest = useRef(key);
  newest.current = key;
  const [, setKey] = useState(() => key(monitor));
  useEffect(() => monitor.frames.subscribe(() => setKey(newest.current(monitor))), [monitor]);
  return monitor;
}

/** Render again when the colours change. */
export function useTheme(): Monitor["theme"] {
  const { theme } = useMonitor();
  useEmitter(theme);
  return theme;
}
