import { describe, expect, it } from "vitest";
import { pauseBefore } from "../src/connection/backoff";

describe("the pause before an attempt", () => {
  it("is jittered over the whole range and never zero", () => {
    expect(pauseBefore(0, () => 0)).toBe(200);
    expect(pauseBefore(3, () => 0.25)).toBe(2000);
    expect(pauseBefore(50, () => 1)).toBe(30_000);
  });
});
