import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { iconFor } from "../src/text/icon";
import { Muted } from "../src/view/muted";

const LEAK = { host: "alpha", channel: "system/findings/memory_growth/gpu0", since: 5 };

let kept: Map<string, string>;

beforeEach(() => {
  kept = new Map();
  vi.stubGlobal("addEventListener", () => undefined);
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
});

test("a muted finding stays muted after a reload, until it is unmuted", () => {
  new Muted().mute(LEAK);
  const muted = new Muted();
  expect(muted.has(LEAK)).toBe(true);
  muted.unmute(LEAK);
  expect([muted.has(LEAK), new Muted().has(LEAK)]).toEqual([false, false]);
});

test("a finding that begins again, or one of another host, is not muted", () => {
  const muted = new Muted();
  muted.mute(LEAK);
  expect(muted.has({ ...LEAK, since: 6 })).toBe(false);
  expect(muted.has({ ...LEAK, host: "beta" })).toBe(false);
});

test("the newest two hundred are kept, and a browser that forbids it keeps them until it closes", () => {
  const muted = new Muted();
  for (let since = 0; since < 205; since += 1) muted.mute({ ...LEAK, since });
  expect([muted.has({ ...LEAK, since: 4 }), muted.has({ ...LEAK, since: 5 })]).toEqual([false, true]);
  vi.stubGlobal("localStorage", {
    getItem: () => {
      throw new Error("forbidden");
    },
    setItem: () => {
      throw new Error("forbidden");
    },
  });
  const other = new Muted();
  other.mute(LEAK);
  expect(other.has(LEAK)).toBe(true);
});

test("what is stored and not a list of texts is ignored", () => {
  kept.set("system-monitor-muted", '{"a": 1}');
  expect(new Muted().keys.value.size).toBe(0);
});

test("the icon has the count, up to 9+", () => {
  expect([0, 1, 9, 40].map(iconFor)).toEqual(["./icon.svg", "./icon-1.svg", "./icon-9.svg", "./icon-9.svg"]);
});
