import { computed, type ReadonlySignal } from "@preact/signals";
import { createContext } from "preact";
import { useContext, useMemo, useRef } from "preact/hooks";
import type { Monitor } from "../monitor";
import { shared } from "./shared";

type Read<T> = (monitor: Monitor) => T;

export const MonitorContext = createContext<Monitor | null>(null);

export function useMonitor(): Monitor {
  const monitor = useContext(MonitorContext);
  if (monitor === null) throw new Error("A component was rendered outside of SystemMonitor.");
  return monitor;
}

/**
 * A value that follows the data, as a signal: as a text or an attribute it changes in place, without
 * another rendering. A component whose `read` depends on its properties needs a key with them.
 */
export function useReading<T>(read: Read<T>): ReadonlySignal<T> {
  const monitor = useMonitor();
  const newest = useRef(read);
  newest.current = read;
  return useMemo(() => {
    let known: T | undefined;
    return computed(() => {
      known = shared(known, newest.current(monitor));
      return known;
    });
  }, [monitor]);
}

/** The same, for what decides which parts there are: the component is rendered again when its contents change. */
export function useValue<T>(read: Read<T>): T {
  return useReading(read).value;
}
