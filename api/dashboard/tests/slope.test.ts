import { expect, test } from "vitest";
import { ChannelSeries } from "../src/store/series";
import { slopeOf } from "../src/store/slope";
import { slopeText } from "../src/text/slope";

const MINUTE = 60_000;
const GIB = 2 ** 30;

function slopeIn(minutes: number, used: (minute: number) => number): number | null {
  const series = new ChannelSeries(["memory_used", "memory_total"], 60 * MINUTE, 4500);
  for (let time = 0; time <= minutes * MINUTE; time += 2000) {
    series.insert(time, (column) => (column === "memory_total" ? 80 * GIB : used(time / MINUTE)));
  }
  return slopeOf(series, "memory_used", "memory_total");
}

test("memory that grows has its slope in bytes per minute", () => {
  expect(slopeIn(10, (minute) => 20 * GIB + 118e6 * minute)).toBeCloseTo(118e6, -3);
  expect(slopeIn(10, (minute) => 20 * GIB - 2e9 * minute)).toBeCloseTo(-2e9, -3);
});

test("one step, or noise around a level, is not growth", () => {
  expect(slopeIn(10, (minute) => (minute < 3 ? 20 : 40) * GIB)).toBe(0);
  expect(slopeIn(10, (minute) => 20 * GIB + GIB * Math.sin(700 * minute))).toBe(0);
});

test("a minute of samples is too short for a slope, and only the last ten minutes count", () => {
  expect(slopeIn(1, (minute) => 118e6 * minute)).toBeNull();
  expect(slopeIn(30, (minute) => GIB * Math.min(minute, 15))).toBe(0);
});

test("a slope is written with its sign and unit", () => {
  expect([118e6, -4.4e6, 2.34e9, 0, null].map(slopeText)).toEqual([
    "+118 MB/min",
    "−4 MB/min",
    "+2.3 GB/min",
    "steady",
    "",
  ]);
});
