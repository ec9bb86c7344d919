import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Frames } from "../src/view/frames";

/** A browser tab that is visible or hidden, and draws when `paint` is called. */
function openTab() {
  const requested: (() => void)[] = [];
  const page = Object.assign(new EventTarget(), { hidden: false });
  vi.stubGlobal("document", page);
  vi.stubGlobal("requestAnimationFrame", (callback: () => void) => requested.push(callback));
  let drawings = 0;
  const frames = new Frames(() => (drawings += 1));
  return {
    frames,
    show(hidden: boolean) {
      page.hidden = hidden;
      page.dispatchEvent(new Event("visibilitychange"));
    },
    paint() {
      for (const callback of requested.splice(0)) callback();
    },
    requested: () => requested.length,
    drawings: () => drawings,
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("frames", () => {
  it("merges the samples of a tick into one drawing", () => {
    const tab = openTab();
    for (let sample = 0; sample < 12; sample += 1) tab.frames.gather();
    vi.advanceTimersByTime(100);
    tab.paint();
    expect(tab.drawings()).toBe(1);
  });

  it("neither draws nor requests frames in a hidden tab, and draws once when it is visible again", () => {
    const tab = openTab();
    tab.show(true);
    for (let tick = 0; tick < 100; tick += 1) {
      tab.frames.gather();
      vi.advanceTimersByTime(2_000);
    }
    expect(tab.requested()).toBe(0);
    tab.paint();
    expect(tab.drawings()).toBe(0);
    tab.show(false);
    tab.paint();
    tab.paint();
    expect(tab.drawings()).toBe(1);
  });

  it("does not draw a frame requested just before the tab was hidden", () => {
    const tab = openTab();
    tab.frames.invalidate();
    tab.show(true);
    tab.paint();
    expect(tab.drawings()).toBe(0);
    tab.show(false);
    tab.paint();
    expect(tab.drawings()).toBe(1);
  });
});
