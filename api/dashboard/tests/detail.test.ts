import { afterEach, describe, expect, it, vi } from "vitest";
import type { HistoryResult } from "../src/bus/responses";
import type { HistoryQuery } from "../src/bus/rest";
import { Detail } from "../src/store/detail";
import { HostData } from "../src/store/host";

function history(times: number[], bucketWidth: number, start: number, end: number): HistoryResult {
  const channel = {
    timestamps: times,
    columns: { utilization: times.map(() => 1) },
    bucketWidth,
    minutesUntil: -Infinity,
  };
  return { host: "h", start, end, channels: new Map([["system/cpu", channel]]) };
}

function hostWith(bucketWidth: number): HostData {
  const host = new HostData("h");
  host.merge(history([0, 1_000, 2_000, 3_000], bucketWidth, 0, 4_000));
  return host;
}

const NOW = 100_000;
const ZOOM = { from: 1_000, to: 1_900, isFixed: true };
const RECENT = { from: NOW - 60_000, to: NOW, isFixed: false };
const WEEK = { from: NOW - 7 * 86_400_000, to: NOW, isFixed: false };

function setUp() {
  vi.useFakeTimers();
  const requests: HistoryQuery[] = [];
  const server = { problem: null as Error | null };
  let changes = 0;
  const detail = new Detail({
    fetchHistory: async (query) => {
      requests.push(query);
      if (server.problem) throw server.problem;
      return history([1_000, 1_250, 1_500, 1_750], 0, query.start, query.end);
    },
    random: () => 0,
    onChange: () => {
      changes += 1;
    },
  });
  return { requests, detail, server, changes: () => changes };
}

const settled = () => vi.advanceTimersByTimeAsync(0);

afterEach(() => void vi.useRealTimers());

describe("the history of a span", () => {
  it("is fetched sample by sample where the page has buckets, once, and is discarded with the zoom", async () => {
    const { requests, detail, changes } = setUp();
    const host = hostWith(1_000);
    detail.show(host, ZOOM, NOW);
    detail.show(host, { ...ZOOM }, NOW);
    expect(detail.of(host)).toBe(host);
    await settled();
    detail.show(host, ZOOM, NOW + 3_000_000);
    await settled();
    expect(requests).toEqual([{ host: "h", start: 1_000, end: 1_901, maxPoints: 4_000 }]);
    expect(changes()).toBe(1);
    expect(detail.of(host)?.series.get("system/cpu")?.length).toBe(4);
    expect(host.series.get("system/cpu")?.length).toBe(4);
    detail.show(host, RECENT, NOW);
    expect(detail.of(host)).toBe(host);
  });

  it("is fetched for a zoom within one bucket", async () => {
    const { requests, detail } = setUp();
    detail.show(hostWith(1_000), { ...ZOOM, from: 1_200 }, NOW);
    detail.show(hostWith(1_000), { from: 2_000, to: 2_900, isFixed: true }, NOW);
    await settled();
    expect(requests).toHaveLength(2);
  });

  it("is not fetched where the page has every sample, nor for a recent zoom that still grows", async () => {
    const { requests, detail } = setUp();
    detail.show(hostWith(0), ZOOM, NOW);
    detail.show(hostWith(1_000), { from: 1_000, to: 9_000, isFixed: true }, NOW);
    detail.show(hostWith(1_000), RECENT, NOW);
    await settled();
    expect(requests).toEqual([]);
  });

  it("is fetched once the history of a page that was opened with a zoom has arrived", async () => {
    const { requests, detail } = setUp();
    const host = new HostData("h");
    detail.show(host, ZOOM, NOW);
    host.merge(history([0, 1_000, 2_000, 3_000], 1_000, 0, 4_000));
    detail.show(host, ZOOM, NOW);
    detail.show(host, ZOOM, NOW);
    await settled();
    expect(requests).toHaveLength(1);
  });

  it("is fetched for a zoom from before the page's own hour, even if the page has nothing of the host", async () => {
    const { requests, detail } = setUp();
    detail.show(new HostData("h"), ZOOM, NOW + 4_000_000);
    await settled();
    expect(requests).toHaveLength(1);
  });

  it("is fetched again for a span that ends now, once its lines have moved by a pixel", async () => {
    const { requests, detail } = setUp();
    const host = hostWith(0);
    const show = (ms: number) => detail.show(host, { ...WEEK, from: WEEK.from + ms, to: WEEK.to + ms }, NOW + ms);
    show(0);
    await settled();
    show(60_000);
    await settled();
    expect(requests).toHaveLength(1);
    show(30 * 60_000);
    await settled();
    expect(requests).toHaveLength(2);
  });

  it("is fetched again after a failure, whose reason is known until it arrives", async () => {
    const { requests, detail, server } = setUp();
    const host = hostWith(1_000);
    server.problem = new Error("The history is unavailable.");
    detail.show(host, ZOOM, NOW);
    await settled();
    expect(detail.problem.value).toBe("The history is unavailable.");
    detail.show(host, ZOOM, NOW);
    expect(requests).toHaveLength(1);
    server.problem = null;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(requests).toHaveLength(2);
    expect(detail.problem.value).toBeNull();
    expect(detail.isLoaded).toBe(true);
  });

  it("is never used for another host", async () => {
    const { detail } = setUp();
    detail.show(hostWith(1_000), ZOOM, NOW);
    await settled();
    const other = new HostData("other");
    expect(detail.of(other)).toBe(other);
  });
});
