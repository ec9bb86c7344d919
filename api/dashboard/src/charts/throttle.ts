const OFFSETS = 16;
// A jump by more than this share of the axis is drawn at once.
const JUMP = 0.25;

/**
 * The number of the pixel that contains `time`, if a pixel is `step` ms wide.
 *
 * Charts are drawn once per pixel. Pixels start at a time that depends on `name`, so that not all charts are drawn with
 * the same sample.
 */
export function pixelOf(time: number, step: number, name: string): number {
  let sum = 0;
  for (let index = 0; index < name.length; index += 1) sum = (5 * sum + name.charCodeAt(index)) % OFFSETS;
  return Math.floor(time / step + sum / OFFSETS);
}

/**
 * Whether the newest value of a line differs from its drawn value by more than a quarter of the axis.
 *
 * `heights` has the range of the axis of each line.
 */
export function hasJumped(newest: readonly number[], drawn: readonly number[], heights: readonly number[]): boolean {
  return newest.some((value, line) => Math.abs(value - drawn[line]!) > JUMP * heights[line]!);
}
