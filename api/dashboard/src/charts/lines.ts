import type { Tint } from "./palette";
import type { Reading } from "./points";

export interface Line {
  readonly key: string;
  readonly label: string;
  readonly tint: Tint;
  readonly scale: string;
  /** The line's channel, if the chart shows several channels. */
  readonly channel?: string;
  readonly read: Reading;
  readonly filled?: boolean;
  readonly dash?: readonly number[];
  readonly format: (value: number | null) => string;
}

/** One vertical axis. `range` maps the lowest and highest visible values to the ends of the axis. */
export interface Scale {
  readonly key: string;
  /** Distinguishes scales that have the same key but different ranges. */
  readonly id?: string;
  readonly side: "left" | "right";
  /** The unit of the labels, if they are plain numbers. The chart shows the unit once. */
  readonly unit?: string;
  /** The colour of the labels, if it is not the default. An axis with only one line can use that line's colour. */
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

/**
 * The `range` of an axis that starts at 0.
 *
 * The axis ends at a round number that covers both the highest value and `least`.
 */
export function fromZero(least: number) {
  return (_: number | null, high: number | null): [number, number] => [0, roundUp(Math.max(high ?? 0, least))];
}

function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const steps = [1, 1.5, 2, 3, 4, 5, 6, 8, 10];
  return power * steps.find((step) => step * power >= value)!;
}
