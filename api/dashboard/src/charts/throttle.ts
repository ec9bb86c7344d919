const OFFSETS = 16;
// A jump by this share of the axis is drawn at once.
const JUMP = 0.25;

/**
 * The number of the pixel of `time`, if a pixel is `step` ms wide.
 *
 * The offset depends on `name`: charts that are drawn once per pixel are staggered, instead of all
 * being drawn with the same sample.
 */
export function pixelOf(time: number, step: number, name: string): number {
  let sum = 0;
  for (let index = 0; index < name.length; index += 1) sum = (5 * sum + name.charCodeAt(index)) % OFFSETS;
  return Math.floor(time / step + sum / OFFSETS);
}

/** Whether a value differs from the drawn one by more than a quarter of its axis, whose range is in `heights`. */
export function hasJumped(newest: readonly number[], drawn: readonly number[], heights: readonly number[]): boolean {
  return newest.some((value, line) => Math.abs(value - drawn[line]!) > JUMP * heights[line]!);
}
