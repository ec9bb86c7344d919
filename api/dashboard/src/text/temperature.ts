import { numberOf, type Values } from "../bus/payload";
import { degrees } from "./numbers";

export interface Heat {
  readonly kind: "note" | "alarm";
  readonly text: string;
}

// A temperature fluctuates by a few degrees, so a GPU with a smaller margin may be slowed down at any time.
const CLOSE_DEGREES = 5;

/** A note or an alarm for a GPU near the temperature at which its hardware slows it down; otherwise null. */
export function heatOf(values: Values): Heat | null {
  const margin = marginOf(values);
  if (margin === null || margin > CLOSE_DEGREES) return null;
  if (margin <= 0) return { kind: "alarm", text: "at its slowdown temperature" };
  return { kind: "note", text: `${degrees(margin)} below its slowdown temperature` };
}

/**
 * How many degrees a GPU is below its slowdown temperature; null if unknown.
 *
 * If `values` has no margin, the margin is the slowdown temperature minus the GPU's temperature.
 */
export function marginOf(values: Values): number | null {
  const [margin, limit, now] = ["temperature_margin", "slowdown_temperature", "temperature"].map((name) =>
    numberOf(values[name]),
  );
  if (margin != null) return margin;
  return limit != null && now != null ? limit - now : null;
}
