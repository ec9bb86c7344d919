import { expect, test } from "vitest";
import { alignedMeans } from "../src/charts/aligned";
import { column } from "../src/charts/points";
import { ChannelSeries } from "../src/store/series";

const read = column("utilization");

function seriesOf(offset: number, value: (time: number) => number): ChannelSeries {
  const series = new ChannelSeries(["utilization"], 3_600_000, 1000);
  for (let time = offset; time < 40_000; time += 2000) series.insert(time, () => value(time));
  return series;
}

test("GPUs that are sampled at different moments have their means at the same times", () => {
  const sources = [
    { series: seriesOf(0, () => 90), read },
    { series: seriesOf(700, (time) => (time < 20_000 ? 40 : 60)), read },
  ];
  const [times, fast, slow] = alignedMeans(sources, { from: 0, to: 40_000 }, 2000);
  expect(times!.slice(0, 3)).toEqual([2000, 6000, 10_000]);
  expect(new Set(fast!.slice(0, 10))).toEqual(new Set([90]));
  expect(slow!.slice(0, 10)).toEqual([40, 40, 40, 40, 40, 60, 60, 60, 60, 60]);
});

test("a step without a sample is a gap, and a GPU without any has only gaps", () => {
  const series = seriesOf(0, (time) => (time > 10_000 && time < 30_000 ? NaN : 50));
  const [, line, none] = alignedMeans(
    [
      { series, read },
      { series: undefined, read },
    ],
    { from: 0, to: 40_000 },
    2000,
  );
  expect(line!.slice(2, 8)).toEqual([50, null, null, null, null, 50]);
  expect(none!.every((value) => value === null)).toBe(true);
});

test("a moving span does not move the steps", () => {
  const sources = [{ series: seriesOf(0, (time) => time), read }];
  const [before] = alignedMeans(sources, { from: 1, to: 30_001 }, 2000);
  const [after] = alignedMeans(sources, { from: 2500, to: 32_500 }, 2000);
  expect(after!.slice(0, 5)).toEqual(before!.slice(0, 5));
});

test("a line over older minutes has no gaps, although a step of the span is shorter", () => {
  const series = new ChannelSeries(["utilization"], 3_600_000, 1000);
  const times = Array.from({ length: 120 }, (_, minute) => 60_000 * minute);
  const values = new Map([["utilization", new Float64Array(120).fill(50)]]);
  series.merge({ start: 0, end: 7_200_000, width: 60_000, times, columns: values });
  const [steps, line] = alignedMeans([{ series, read }], { from: 0, to: 7_199_999 }, 2000);
  expect(steps!.length).toBe(120);
  expect(line!.every((value) => value === 50)).toBe(true);
});
