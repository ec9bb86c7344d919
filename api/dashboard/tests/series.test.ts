import { describe, expect, it } from "vitest";
import { isGapAfter } from "../src/store/gaps";
import { ChannelSeries, type Rows } from "../src/store/series";

const HOUR = 3_600_000;

function series(maxPoints = 4_500): ChannelSeries {
  return new ChannelSeries(["a"], HOUR, maxPoints);
}

function fill(into: ChannelSeries, ...times: number[]): ChannelSeries {
  for (const time of times) into.insert(time, () => time);
  return into;
}

function rows(times: number[], width = 0, span: [number, number] = [0, Infinity], values = times): Rows {
  const columns = new Map([["a", Float64Array.from(values)]]);
  return { start: span[0], end: span[1], width, times, columns };
}

function times(of: ChannelSeries): number[] {
  return [...of.times.subarray(0, of.length)];
}

function values(of: ChannelSeries): number[] {
  return [...of.columns.get("a")!.subarray(0, of.length)];
}

describe("a channel's series", () => {
  it("keeps a sample once, however often it arrives", () => {
    const kept = fill(series(), 1000, 2000);
    expect(kept.insert(2000, () => 7)).toBe("known");
    expect(kept.insert(1000, () => 7)).toBe("known");
    expect(times(kept)).toEqual([1000, 2000]);
    expect(values(kept)).toEqual([1000, 2000]);
  });

  it("inserts a late sample in order of time, with its values", () => {
    const kept = fill(series(), 1000, 5000, 2000, 3000, 500);
    expect(times(kept)).toEqual([500, 1000, 2000, 3000, 5000]);
    expect(values(kept)).toEqual(times(kept));
  });

  it("merges a history that overlaps live samples without doubling or losing one", () => {
    const kept = fill(series(), 3000, 4000, 5000);
    kept.merge(rows([1000, 2000, 3000, 4000]));
    expect(times(kept)).toEqual([1000, 2000, 3000, 4000, 5000]);
  });

  it("has the same points whatever arrives first", () => {
    const liveFirst = fill(series(), 2000, 3000, 4000);
    liveFirst.merge(rows([1000, 2000, 3000]));
    const historyFirst = series();
    historyFirst.merge(rows([1000, 2000, 3000]));
    fill(historyFirst, 2000, 3000, 4000);
    expect(times(liveFirst)).toEqual(times(historyFirst));
  });

  it("does not keep samples beside their bucket", () => {
    const kept = fill(series(), 10_500, 12_100, 20_000);
    kept.merge(rows([8_000, 10_000, 12_000], 2_000, [8_000, 14_000]));
    expect(times(kept)).toEqual([8_000, 10_000, 12_000, 20_000]);
    expect(kept.insert(10_500, () => 1)).toBe("covered");
    expect(kept.insert(14_000, () => 1)).toBe("added");
  });

  it("ends the last bucket at the end of the span, so that the sample after it counts", () => {
    const kept = series();
    kept.merge(rows([8_000, 10_000], 2_000, [8_000, 11_000]));
    kept.merge(rows([11_000, 11_500], 0, [11_000, 99_000]));
    expect(times(kept)).toEqual([8_000, 10_000, 11_000, 11_500]);
  });

  it("replaces buckets with a later response for their span", () => {
    const kept = series();
    kept.merge(rows([0, 2_000, 4_000], 2_000, [0, 6_000]));
    kept.merge(rows([2_000, 3_000], 0, [2_000, 4_000]));
    expect(times(kept)).toEqual([0, 2_000, 3_000, 4_000]);
  });

  it("keeps live samples that the history does not have yet", () => {
    const kept = fill(series(), 9_000, 10_000);
    kept.merge(rows([7_000, 8_000]));
    expect(times(kept)).toEqual([7_000, 8_000, 9_000, 10_000]);
  });

  it("does not store the history's marks of an outage, which late samples may fill", () => {
    const kept = series();
    kept.merge(rows([1000, 2000, 9000], 0, [0, Infinity], [1, NaN, 3]));
    expect(times(kept)).toEqual([1000, 9000]);
  });

  it("stays bounded over a day, and still has the whole hour", () => {
    const kept = series();
    for (let time = 0; time < 24 * HOUR; time += 1000) kept.insert(time, () => 1);
    expect(kept.length).toBeLessThanOrEqual(4_500);
    expect(kept.times.length).toBeLessThanOrEqual(4_500);
    expect(kept.last - kept.times[0]!).toBeGreaterThanOrEqual(HOUR - 1000);
  });

  it("keeps the hour at ten samples a second by joining older ones", () => {
    const kept = series();
    for (let time = 0; time <= HOUR; time += 100) kept.insert(time, () => 5);
    expect(kept.length).toBeLessThanOrEqual(4_500);
    expect(kept.times[0]).toBe(0);
    expect(values(kept).every((value) => value === 5)).toBe(true);
    expect(kept.insert(100, () => 5)).toBe("covered");
  });

  it("does not join samples across an outage", () => {
    const kept = series(40);
    for (let time = 0; time < 31_000; time += 1000) if (time < 4000 || time > 9000) kept.insert(time, () => 1);
    for (let time = 31_000; time < 60_000; time += 1000) kept.insert(time, () => 1);
    expect(times(kept).some((time) => time > 4_000 && time < 10_000)).toBe(false);
    const gap = times(kept).findIndex((_, index) => isGapAfter(kept, index, 1000));
    expect(kept.times[gap]! + kept.widths[gap]!).toBeLessThanOrEqual(4_001);
  });

  it("does not change in its copy", () => {
    const kept = fill(series(), 1000);
    const copy = kept.clone();
    fill(kept, 2000);
    expect(times(copy)).toEqual([1000]);
  });
});

describe("a gap", () => {
  it("is a distance of more than two and a half intervals", () => {
    const kept = fill(series(), 0, 2000, 4000, 9000, 11_000, 16_001, 18_001);
    const gaps = times(kept).map((_, index) => isGapAfter(kept, index, 2000));
    expect(gaps).toEqual([false, false, false, false, true, false, false]);
  });

  it("is not between samples from when the interval was longer", () => {
    const kept = fill(series(), 0, 10_000, 20_000, 30_000, 40_000, 41_000, 42_000);
    expect(times(kept).some((_, index) => isGapAfter(kept, index, 1000))).toBe(false);
  });

  it("is an empty bucket", () => {
    const kept = series();
    kept.merge(rows([0, 4_000, 12_000, 16_000], 4_000, [0, 20_000]));
    expect(times(kept).map((_, index) => isGapAfter(kept, index, 1000))).toEqual([false, true, false, false]);
  });

  it("closes when the late samples arrive", () => {
    const kept = fill(series(), 0, 1000, 2000, 6000, 7000);
    expect(isGapAfter(kept, 2, 1000)).toBe(true);
    fill(kept, 3000, 4000, 5000);
    expect(times(kept).some((_, index) => isGapAfter(kept, index, 1000))).toBe(false);
  });
});
