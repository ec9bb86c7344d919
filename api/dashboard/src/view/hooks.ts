import { createContext } from "preact";
import { useContext, useEffect, useReducer, useState } from "preact/hooks";
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

/** Render anew with each picture that is drawn: data or view have changed. */
export function useFrame(): Monitor {
  const monitor = useMonitor();
  useEmitter(monitor.frames);
  return monitor;
}

/** As useFrame, but only when what `key` says has changed: for what samples do not touch. */
export function useFrameWhen(key: (monitor: Monitor) => string): Monitor {
  const monitor = useMonitor();
  const [, setKey] = useState(() => key(monitor));
  useEffect(() => monitor.frames.subscribe(() => setKey(key(monitor))), [monitor]);
  return monitor;
}

/** As useFrame, and also when the cursor moves. */
export function useCursorAndFrame(): Monitor {
  const monitor = useFrame();
  useEmitter(monitor.cursor);
  return monitor;
}

/** Render anew when the colours change. */
export function useTheme(): Monitor["theme"] {
  const { theme } = useMonitor();
  useEmitter(theme);
  return theme;
}
