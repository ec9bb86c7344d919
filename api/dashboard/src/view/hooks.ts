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
 * Returns a signal with the result of `read`, updated whenever the data changes. Where the signal
 * is used as a text or an attribute, it is updated without rendering the component again. If `read`
 * depends on properties of the component, the component needs a key that contains these properties.
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

/** Returns the result of `read`. When the data changes so that the result changes, the component is rendered again. */
export function useValue<T>(read: Read<T>): T {
  return useReading(read).value;
}
