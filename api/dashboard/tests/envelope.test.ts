import { expect, test } from "vitest";
import { envelopeOf } from "../src/charts/envelope";
import { ChannelSeries } from "../src/store/series";

const HOUR = 3_600_000;
const SPAN = { from: 0, to: 100_000 };

function seriesOf(values: readonly (readonly [time: number, value: number])[]): ChannelSeries {
  const series = new ChannelSeries(["utilization"], HOUR, 1000);
  for (const [time, value] of values) series.insert(time, () => value);
  return series;
}

test("a utilization that swings keeps its minimum and its maximum in each pixel", () => {
  const series = seriesOf(Array.from({ length: 50 }, (_, index) => [index * 2000, index % 2 === 0 ? 15 : 100]));
  const [run, ...others] = envelopeOf(series, "utilization", SPAN, 10, 2000);
  expect(others).toEqual([]);
  expect(run).toHaveLength(10);
  expect(run!.every(({ low, high }) => low === 15 && high === 100)).toBe(true);
});

test("nothing joins the points around a gap or a value that was not reported", () => {
  const series = seriesOf([
    [0, 10],
    [2000, 20],
    [40_000, 30],
    [42_000, NaN],
    [44_000, 50],
  ]);
  const runs = envelopeOf(series, "utilization", SPAN, 100, 2000);
  expect(runs.map((run) => run.map(({ low }) => low))).toEqual([[10, 20], [30], [50]]);
});
