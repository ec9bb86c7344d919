import type { Tint } from "./palette";
import type { Reading } from "./points";

/** One line of a chart. */
export interface Line {
  readonly key: string;
  readonly label: string;
  readonly tint: Tint;
  readonly scale: string;
  /** Its channel, if the chart has lines of several. */
  readonly channel?: string;
  readonly read: Reading;
  readonly filled?: boolean;
  readonly dash?: readonly number[];
  readonly format: (value: number | null) => string;
}

/** One vertical axis. `range` receives the lowest and highest visible value. */
export interface Scale {
  readonly key: string;
  /** Distinguishes scales with the same key and different ranges. */
  readonly id?: string;
  readonly side: "left" | "right";
  /** Shown once beside the axis, if its labels are plain numbers. */
  readonly unit?: string;
  /** The colour of its line, if it has only one. */
  readonly tint?: Tint;
  readonly range: (low: number | null, high: number | null) => [number, number];
  readonly format: (value: number) => string;
}

export const PERCENT: Scale = {
  key: "percent",
  side: "left",
  range: () => [0, 100],
  format: (value) => `${value}%`,
};

/** From 0 to a round number above the visible values. */
export function fromZero(least: number) {
  return (_: number | null, high: number | null): [number, number] => [0, roundUp(Math.max(high ?? 0, least))];
}

function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const steps = [1, 1.5, 2, 3, 4, 5, 6, 8, 10];
  return power * steps.find((step) => step * power >= value)!;
}
