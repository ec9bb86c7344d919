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
 * Returns a signal with the result of `read`, updated whenever the data changes. If a component uses the signal as
 * text or as an attribute, only that text or attribute is updated; the component is not rendered again. A change to the
 * component's props does not update the signal, so if `read` uses props, the component needs a key that contains them.
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

/** Returns the result of `read`, and renders the component again when new data changes the result. */
export function useValue<T>(read: Read<T>): T {
  return useReading(read).value;
}
