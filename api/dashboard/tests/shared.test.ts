import { describe, expect, it } from "vitest";
import { shared } from "../src/view/shared";

describe("a value that components depend on", () => {
  it("stays the same object while its contents do, so that nothing is rendered again", () => {
    const known = { ids: ["0", "1"], status: { sensors: { gpu: { state: "ok", reason: null } } } };
    expect(shared(known, structuredClone(known))).toBe(known);
  });

  it("changes with its contents, at any depth", () => {
    const known = { ids: ["0"], status: { state: "ok" } };
    for (const next of [{ ids: ["1"] }, { ids: ["0", "1"] }, { status: { state: "failing" } }]) {
      const changed = { ...known, ...next };
      expect(shared(known, changed)).toBe(changed);
    }
    for (const [one, other] of [
      [{ a: undefined }, { b: undefined }],
      [[], {}],
    ])
      expect(shared(one, other)).toBe(other);
    expect(shared<number | null>(null, 0)).toBe(0);
  });
});
