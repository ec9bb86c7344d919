import { describe, expect, it } from "vitest";
import { hasLeapt, pixelOf } from "../src/charts/turns";

describe("the turns of the charts", () => {
  it("come once for each pixel, and not all at the same time", () => {
    const names = Array.from({ length: 8 }, (_, gpu) => `system/gpu/${gpu}`);
    const drawn = names.map((name) => {
      const pixels = Array.from({ length: 33 }, (_, tick) => pixelOf(2_000 * tick, 32_000, name));
      return pixels.flatMap((pixel, tick) => (tick > 0 && pixel !== pixels[tick - 1] ? [tick] : []));
    });
    expect(drawn.every((ticks) => ticks.length === 2)).toBe(true);
    expect(new Set(drawn.map(([first]) => first)).size).toBe(8);
  });

  it("are not waited for when a value leaps by more than a quarter of its axis, up or down", () => {
    const heights = [100, 400];
    expect(hasLeapt([20, 300], [20, 300], heights)).toBe(false);
    expect(hasLeapt([45, 300], [20, 200], heights)).toBe(false);
    expect(hasLeapt([46, 300], [20, 300], heights)).toBe(true);
    expect(hasLeapt([20, 199], [20, 300], heights)).toBe(true);
    expect(hasLeapt([NaN, 300], [20, 300], heights)).toBe(false);
  });
});
