import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Frames } from "../src/view/frames";

/** A browser's tab that is shown or hidden, and that draws when `paint` is called. */
function openTab() {
  const asked: (() => void)[] = [];
  const page = Object.assign(new EventTarget(), { hidden: false });
  vi.stubGlobal("document", page);
  vi.stubGlobal("requestAnimationFrame", (callback: () => void) => asked.push(callback));
  const frames = new Frames();
  let pictures = 0;
  frames.subscribe(() => (pictures += 1));
  return {
    frames,
    show(hidden: boolean) {
      page.hidden = hidden;
      page.dispatchEvent(new Event("visibilitychange"));
    },
    paint: () => asked.splice(0).forEach((callback) => callback()),
    asked: () => asked.length,
    pictures: () => pictures,
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("frames", () => {
  it("joins the samples of a tick into one picture", () => {
    const tab = openTab();
    for (let sample = 0; sample < 12; sample += 1) tab.frames.gather();
    vi.advanceTimersByTime(100);
    tab.paint();
    expect(tab.pictures()).toBe(1);
  });

  it("draws nothing in a hidden tab, nor asks for it, and once when the tab is shown again", () => {
    const tab = openTab();
    tab.show(true);
    for (let tick = 0; tick < 100; tick += 1) {
      tab.frames.gather();
      vi.advanceTimersByTime(2_000);
    }
    expect(tab.asked()).toBe(0);
    tab.paint();
    expect(tab.pictures()).toBe(0);
    tab.show(false);
    tab.paint();
    tab.paint();
    expect(tab.pictures()).toBe(1);
  });

  it("does not draw what was asked for just before the tab was hidden", () => {
    const tab = openTab();
    tab.frames.invalidate();
    tab.show(true);
    tab.paint();
    expect(tab.pictures()).toBe(0);
    tab.show(false);
    tab.paint();
    expect(tab.pictures()).toBe(1);
  });
});
