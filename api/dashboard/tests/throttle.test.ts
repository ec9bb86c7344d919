import { describe, expect, it } from "vitest";
import { hasJumped, pixelOf } from "../src/charts/throttle";

describe("the throttled drawing of the charts", () => {
  it("happens once per pixel, staggered between the charts", () => {
    const names = Array.from({ length: 8 }, (_, gpu) => `system/gpu/${gpu}`);
    const drawn = names.map((name) => {
      const pixels = Array.from({ length: 33 }, (_, tick) => pixelOf(2_000 * tick, 32_000, name));
      return pixels.flatMap((pixel, tick) => (tick > 0 && pixel !== pixels[tick - 1] ? [tick] : []));
    });
    expect(drawn.every((ticks) => ticks.length === 2)).toBe(true);
    expect(new Set(drawn.map(([first]) => first)).size).toBe(8);
  });

  it("happens at once when a value jumps by more than a quarter of its axis, up or down", () => {
    const heights = [100, 400];
    expect(hasJumped([20, 300], [20, 300], heights)).toBe(false);
    expect(hasJumped([45, 300], [20, 200], heights)).toBe(false);
    expect(hasJumped([46, 300], [20, 300], heights)).toBe(true);
    expect(hasJumped([20, 199], [20, 300], heights)).toBe(true);
    expect(hasJumped([NaN, 300], [20, 300], heights)).toBe(false);
  });
});
