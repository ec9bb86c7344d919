import { describe, expect, it } from "vitest";
import { pixelOf } from "../src/charts/turns";

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
});
