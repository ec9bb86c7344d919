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
  const [, again] = useReducer((count: number) => count + 1, 0);
  useEffect(() => emitter.subscribe(() => again(undefined as never)), [emitter]);
}

/**
 * Render anew when a picture is drawn and what `key` says has changed: what decides which parts
 * there are. What changes with each sample inside of them is written by useLive (Live.tsx).
 */
export function useFrameWhen(key: (monitor: Monitor) => string): Monitor {
  const monitor = useMonitor();
  const newest = useRef(key);
  newest.current = key;
  const [, setKey] = useState(() => key(monitor));
  useEffect(() => monitor.frames.subscribe(() => setKey(newest.current(monitor))), [monitor]);
  return monitor;
}

/** Render anew when the colours change. */
export function useTheme(): Monitor["theme"] {
  const { theme } = useMonitor();
  useEmitter(theme);
  return theme;
}
