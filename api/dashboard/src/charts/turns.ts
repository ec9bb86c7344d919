const TURNS = 16;
// The share of an axis that the newest sample has to leap to be drawn at once.
const LEAP = 0.25;

/**
 * The pixel in which `time` lies, where one stands for `step` ms.
 *
 * Pixels begin at another moment for each `name`, so that charts that are drawn again once for each
 * pixel do so one after the other rather than all with the same sample.
 */
export function pixelOf(time: number, step: number, name: string): number {
  let sum = 0;
  for (let index = 0; index < name.length; index += 1) sum = (5 * sum + name.charCodeAt(index)) % TURNS;
  return Math.floor(time / step + sum / TURNS);
}

/** Whether one of the newest values is a quarter of its axis, as long as `heights` says, from what was drawn. */
export function hasLeapt(newest: readonly number[], drawn: readonly number[], heights: readonly number[]): boolean {
  return newest.some((value, line) => Math.abs(value - drawn[line]!) > LEAP * heights[line]!);
}
