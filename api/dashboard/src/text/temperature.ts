import { numberOf, type Values } from "../bus/payload";
import { degrees } from "./numbers";

export interface Heat {
  readonly kind: "note" | "alarm";
  readonly text: string;
}

// Sensors and fans vary by a few degrees.
const CLOSE_DEGREES = 5;

/** Whether a GPU is close to the temperature at which its own hardware slows it down; null if not, or not known. */
export function heatOf(values: Values): Heat | null {
  const margin = marginOf(values);
  if (margin === null || margin > CLOSE_DEGREES) return null;
  if (margin <= 0) return { kind: "alarm", text: "at its slowdown temperature" };
  return { kind: "note", text: `${degrees(margin)} below its slowdown temperature` };
}

/** Degrees to the slowdown temperature, as the driver reports it or by its limit. */
export function marginOf(values: Values): number | null {
  const [margin, limit, now] = ["temperature_margin", "slowdown_temperature", "temperature"].map((name) =>
    numberOf(values[name]),
  );
  if (margin != null) return margin;
  return limit != null && now != null ? limit - now : null;
}
