import { afterEach, describe, expect, it, vi } from "vitest";
import type { HistoryResult } from "../src/bus/responses";
import type { PastQuery } from "../src/bus/rest";
import { stretches } from "../src/charts/drawPast";
import { PastFeed, pastOf } from "../src/store/past";
import { brushed, moved } from "../src/view/brush";
import { fittingRange, rangesWithin } from "../src/view/ranges";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = 1_000 * DAY;

function response(channels: Record<string, [times: number[], values: (number | null)[]]>): HistoryResult {
  const entries = Object.entries(channels).map(([name, [timestamps, utilization]]) => {
    const columns = { timestamps, columns: { utilization }, bucketWidth: MINUTE, minutesUntil: -Infinity };
    return [name, columns] as const;
  });
  return { host: "h", start: 0, end: NOW, channels: new Map(entries) };
}

describe("the strip of the past", () => {
  afterEach(() => vi.useRealTimers());

  it("is the mean of the GPUs where they have values, else the CPU", () => {
    const cpu: [number[], number[]] = [[NOW - DAY], [7]];
    const both = pastOf(
      response({
        "system/gpu/0": [
          [NOW - DAY, NOW - HOUR],
          [10, 20],
        ],
        "system/gpu/1": [
          [NOW - DAY, NOW - HOUR],
          [30, null],
        ],
        "system/cpu": cpu,
      }),
      NOW,
    );
    expect(both).toMatchObject({ subject: "GPU", times: [NOW - DAY, NOW - HOUR], values: [20, 20], to: NOW });
    expect(pastOf(response({ "system/cpu": cpu }), NOW)).toMatchObject({ subject: "CPU", values: [7] });
  });

  it("begins with the oldest data, and is at least 10 minutes long", () => {
    expect(pastOf(response({ "system/cpu": [[NOW - DAY], [7]] }), NOW).from).toBe(NOW - 1.02 * DAY);
    expect(pastOf(response({}), NOW)).toMatchObject({ from: NOW - 1.02 * 10 * MINUTE, times: [] });
  });

  it("is fetched once a minute at most, and again for the part with data if that is short", async () => {
    vi.useFakeTimers();
    const fetchPast = vi.fn((_: PastQuery) => Promise.resolve(response({ "system/cpu": [[NOW - HOUR], [7]] })));
    const feed = new PastFeed({ fetchPast, random: () => 1 });
    feed.show("h", null, NOW);
    feed.show("h", 7 * DAY, NOW);
    feed.show("h", 7 * DAY, NOW);
    await vi.advanceTimersByTimeAsync(59_000);
    feed.show("h", 7 * DAY, NOW + 59_000);
    expect(fetchPast.mock.calls.map(([{ start }]) => start)).toEqual([NOW - 7 * DAY, NOW - 1.02 * HOUR]);
    expect(feed.known.value?.host).toBe("h");
    feed.show("other", 7 * DAY, NOW);
    expect(feed.known.value).toBeNull();
    await vi.advanceTimersByTimeAsync(1);
    expect(fetchPast.mock.calls.length).toBe(4);
  });

  it("is tried again after a failure, up to the newest time", async () => {
    vi.useFakeTimers();
    const fetchPast = vi
      .fn((_: PastQuery) => Promise.resolve(response({ "system/cpu": [[NOW - 7 * DAY], [7]] })))
      .mockRejectedValueOnce(new Error("The server is not responding."));
    const feed = new PastFeed({ fetchPast, random: () => 1 });
    feed.show("h", 7 * DAY, NOW);
    await vi.advanceTimersByTimeAsync(1_000);
    feed.show("h", 7 * DAY, NOW + 1_000);
    expect(feed.known.value).toBeNull();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(feed.known.value?.to).toBe(NOW + 1_000);
    expect(fetchPast).toHaveBeenCalledTimes(2);
  });

  it("has no line across an outage", () => {
    expect(stretches([0, 10, 20, 80, 90], 10)).toEqual([
      [0, 3],
      [3, 5],
    ]);
    expect(stretches([], 10)).toEqual([]);
  });
});

describe("the brush", () => {
  const bounds = { from: 0, to: 100_000 };
  const span = { from: 40_000, to: 60_000 };

  it("selects a span in either direction, within the past", () => {
    expect(brushed("select", span, 30_000, 10_000, bounds)).toEqual({ from: 10_000, to: 30_000 });
    expect(brushed("select", span, 90_000, 200_000, bounds)).toEqual({ from: 90_000, to: 100_000 });
    expect(brushed("select", span, 30_000, 30_500, bounds)).toBeNull();
  });

  it("moves the span or one of its edges", () => {
    expect(brushed("move", span, 50_000, 30_000, bounds)).toEqual({ from: 20_000, to: 40_000 });
    expect(brushed("from", span, 40_000, 30_000, bounds)).toEqual({ from: 30_000, to: 60_000 });
    expect(brushed("to", span, 60_000, 70_000, bounds)).toEqual({ from: 40_000, to: 70_000 });
    expect(moved(span, 90_000, bounds)).toEqual({ from: 80_000, to: 100_000 });
    expect(moved({ from: -50_000, to: 90_000 }, 0, bounds)).toEqual({ from: 0, to: 100_000 });
  });
});

describe("the first view", () => {
  const fitting = (oldest: number | null, newest: number | null) =>
    fittingRange({ oldest, newest }, NOW, rangesWithin(7 * DAY));

  it("fits the data of the last hour, and grows with it", () => {
    expect(fitting(NOW - 2 * MINUTE, NOW)).toBe("5m");
    expect(fitting(NOW - 6 * MINUTE, NOW)).toBe("15m");
    expect(fitting(NOW - 50 * MINUTE, NOW)).toBe("1h");
    expect(fitting(null, NOW)).toBe("1h");
    expect(fitting(null, null)).toBe("1h");
  });

  it("reaches back to the newest data of a silent host", () => {
    expect(fitting(NOW - 4 * HOUR, NOW - 3 * HOUR)).toBe("6h");
    expect(fitting(null, NOW - 30 * DAY)).toBe("7d");
  });
});
