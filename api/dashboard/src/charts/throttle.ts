const OFFSETS = 16;
// A jump by more than this share of the axis is drawn at once.
const JUMP = 0.25;

/**
 * The number of the pixel that contains `time`; each pixel is `step` ms wide.
 *
 * A chart is drawn again when the end of its span reaches a new pixel. Each chart's pixel boundaries are shifted by
 * an offset that depends on its `name`, so that the charts are not all drawn at the same time.
 */
export function pixelOf(time: number, step: number, name: string): number {
  let sum = 0;
  for (let index = 0; index < name.length; index += 1) sum = (5 * sum + name.charCodeAt(index)) % OFFSETS;
  return Math.floor(time / step + sum / OFFSETS);
}

/**
 * Whether any line has moved by more than a quarter of its axis since it was last drawn.
 *
 * `heights` contains the height of each line's axis: its highest value minus its lowest value.
 */
export function hasJumped(newest: readonly number[], drawn: readonly number[], heights: readonly number[]): boolean {
  return newest.some((value, line) => Math.abs(value - drawn[line]!) > JUMP * heights[line]!);
}
