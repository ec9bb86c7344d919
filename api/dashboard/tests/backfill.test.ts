import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { HistoryResult } from "../src/bus/responses";
import type { HistoryQuery } from "../src/bus/rest";
import { Backfill } from "../src/store/backfill";
import { HostData } from "../src/store/host";

const NOW = 1_800_000_000_000;
const CPU = "system/cpu";

/** A server whose history is `stored`; like the real one, it answers in buckets if necessary. */
function serverWith(stored: () => readonly number[]) {
  return (query: HistoryQuery): HistoryResult => {
    const { start, end, maxPoints, host } = query;
    const inside = stored().filter((time) => time >= start && time < end);
    let timestamps = inside;
    let bucketWidth = 0;
    if (inside.length > maxPoints) {
      const width = Math.ceil((end - start) / maxPoints);
      bucketWidth = width;
      timestamps = [...new Set(inside.map((time) => start + Math.floor((time - start) / width) * width))];
    }
    const channel = {
      timestamps,
      columns: { utilization: timestamps.map(() => 1) },
      bucketWidth,
      minutesUntil: -Infinity,
    };
    return { host, start, end, channels: new Map(inside.length ? [[CPU, channel]] : []) };
  };
}

function live(host: HostData, time: number) {
  const sample = { host: "h", channel: CPU, timestamp: time, values: { utilization: 1 } };
  return host.accept(sample, { at: time - NOW, wall: time, age: "live" });
}

function times(host: HostData): number[] {
  const series = host.series.get(CPU)!;
  return [...series.times.subarray(0, series.length)];
}

function every(step: number, from: number, to: number): number[] {
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);
}

beforeEach(() => vi.useFakeTimers({ now: NOW }));
afterEach(() => vi.useRealTimers());

const optionsFor = (response: (query: HistoryQuery) => HistoryResult | Promise<HistoryResult>) => {
  const problems: (string | null)[] = [];
  return {
    problems,
    fetchHistory: async (query: HistoryQuery) => response(query),
    random: () => 0.5,
    onChange: (problem: string | null) => void problems.push(problem),
  };
};

describe("the seam between history and live", () => {
  it("has every sample once when samples arrive while the history is fetched", async () => {
    const stored = every(2000, NOW - 600_000, NOW);
    const host = new HostData("h");
    live(host, NOW);
    const response = serverWith(() => stored);
    const filling = new Backfill(
      host,
      optionsFor(async (query) => {
        await new Promise((resolve) => setTimeout(resolve, 1000));
        return response(query);
      }),
    );
    filling.fill(-Infinity);
    await vi.advanceTimersByTimeAsync(500);
    live(host, NOW + 2000);
    stored.push(NOW + 2000); // stored before the end of the history was fetched
    live(host, NOW + 4000); // not stored yet
    await vi.advanceTimersByTimeAsync(3000);
    expect(times(host)).toEqual(every(2000, NOW - 600_000, NOW + 4000));
    filling.stop();
  });

  it("has every sample once where the history is in buckets", async () => {
    const host = new HostData("h");
    const stored = every(500, NOW - 3_600_000, NOW);
    live(host, NOW);
    new Backfill(host, optionsFor(serverWith(() => stored))).fill(-Infinity);
    live(host, NOW + 500);
    await vi.advanceTimersByTimeAsync(0);
    const series = host.series.get(CPU)!;
    // Laid end to end, buckets and samples cover each stored time exactly once.
    for (const time of [...stored, NOW + 500]) {
      const holders = times(host).filter((start, index) => {
        const width = series.widths[index]!;
        return width === 0 ? start === time : start <= time && time < start + width;
      });
      expect(holders).toHaveLength(1);
    }
    expect(times(host).filter((time) => time >= NOW - 60_000)).toEqual(every(500, NOW - 60_000, NOW + 500));
  });

  it("fetches again what the ingester had not stored yet", async () => {
    const host = new HostData("h");
    const stored = every(100, NOW - 30_000, NOW - 500);
    live(host, NOW);
    const filling = new Backfill(host, optionsFor(serverWith(() => stored)));
    filling.fill(-Infinity);
    await vi.advanceTimersByTimeAsync(10);
    expect(times(host)).not.toContain(NOW - 300);
    stored.push(...every(100, NOW - 400, NOW));
    await vi.advanceTimersByTimeAsync(3000);
    expect(times(host)).toEqual(every(100, NOW - 30_000, NOW));
    filling.stop();
  });

  it("fetches again until an ingester with a backlog has reached the start of the stream", async () => {
    const host = new HostData("h");
    const stored = every(1000, NOW - 300_000, NOW - 100_000);
    live(host, NOW);
    const filling = new Backfill(host, optionsFor(serverWith(() => stored)));
    filling.fill(-Infinity);
    await vi.advanceTimersByTimeAsync(10_000);
    stored.push(...every(1000, NOW - 99_000, NOW));
    await vi.advanceTimersByTimeAsync(30_000);
    expect(times(host)).toEqual(every(1000, NOW - 300_000, NOW));
    filling.stop();
  });

  it("fills the span that was missed while the stream was down", async () => {
    const host = new HostData("h");
    const stored = every(1000, NOW - 100_000, NOW + 90_000);
    for (const time of every(1000, NOW - 100_000, NOW)) live(host, time);
    for (const time of every(7000, NOW + 7000, NOW + 84_000)) live(host, time); // polled
    live(host, NOW + 90_000);
    const starts: number[] = [];
    const response = serverWith(() => stored);
    new Backfill(
      host,
      optionsFor((query) => {
        starts.push(query.start);
        return response(query);
      }),
    ).fill(NOW - 3000);
    await vi.advanceTimersByTimeAsync(0);
    expect(times(host)).toEqual(stored);
    expect(Math.min(...starts)).toBe(NOW - 3000);
  });

  it("fetches what was missed although another channel has a false sample of the far future", async () => {
    const host = new HostData("h");
    const stored = every(1000, NOW - 100_000, NOW);
    const greeting = { at: 0, wall: NOW, age: 0 };
    const sample = (channel: string, timestamp: number) => ({ host: "h", channel, timestamp, values: {} });
    host.accept(sample(CPU, NOW), greeting);
    host.accept(sample("system/gpu/42", NOW + 10_800_000), greeting);
    for (const isLive of [false, true]) {
      if (isLive) stored.push(NOW + 1000);
      if (isLive) live(host, NOW + 1000);
      const filling = new Backfill(host, optionsFor(serverWith(() => stored)));
      filling.fill(-Infinity);
      await vi.advanceTimersByTimeAsync(0);
      expect(times(host)).toEqual(stored);
      expect(host.isOutsideHistory).toBe(false);
      filling.stop();
    }
  });

  it("reports why the history is missing, and retries until the server responds", async () => {
    const host = new HostData("h");
    live(host, NOW);
    let fails = 3;
    const response = serverWith(() => [NOW - 2000, NOW]);
    const options = optionsFor((query) => {
      if (fails-- > 0) throw new Error("The history is not responding.");
      return response(query);
    });
    new Backfill(host, options).fill(-Infinity);
    await vi.advanceTimersByTimeAsync(0);
    expect(options.problems).toEqual(["The history is not responding."]);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(options.problems.filter((problem) => problem === null).length).toBeGreaterThan(0);
    expect(times(host)).toEqual([NOW - 2000, NOW]);
  });

  it("notes that the server rejects samples whose time is as far off as the host's", async () => {
    const keeping = (query: HistoryQuery): HistoryResult => {
      const start = Math.max(query.start, NOW - 3_600_000);
      const end = Math.min(query.end, NOW + 3_600_001);
      return { host: "h", start, end, channels: new Map() };
    };
    for (const [ahead, isOutside] of [
      [0, false],
      [3_500_000, false],
      [5_400_000, true],
      [10_800_000, true],
      [-3_700_000, true],
    ] as const) {
      const host = new HostData("h");
      live(host, NOW + ahead);
      const filling = new Backfill(host, optionsFor(keeping));
      filling.fill(-Infinity);
      await vi.advanceTimersByTimeAsync(0);
      expect([ahead, host.isOutsideHistory]).toEqual([ahead, isOutside]);
      filling.stop();
    }
  });
});
