import { describe, expect, it } from "vitest";
import type { HistoryAnswer } from "../src/bus/answers";
import type { HistoryQuery } from "../src/bus/rest";
import { Detail } from "../src/store/detail";
import { HostData } from "../src/store/host";

function history(times: number[], bucketWidth: number, start: number, end: number): HistoryAnswer {
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

function setUp() {
  const requests: HistoryQuery[] = [];
  let changes = 0;
  const detail = new Detail({
    fetchHistory: async (query) => {
      requests.push(query);
      return history([1_000, 1_250, 1_500, 1_750], 0, query.start, query.end);
    },
    onChange: () => (changes += 1),
  });
  return { requests, detail, changes: () => changes };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));
const ZOOM = { from: 1_000, to: 1_900 };

describe("the history of a zoom", () => {
  it("is fetched sample by sample where the page has buckets, once, and is discarded with the zoom", async () => {
    const { requests, detail, changes } = setUp();
    const host = hostWith(1_000);
    detail.show(host, ZOOM);
    detail.show(host, { ...ZOOM });
    expect(detail.of(host)).toBe(host);
    await settled();
    expect(requests).toEqual([{ host: "h", start: 1_000, end: 1_901, maxPoints: 4_000 }]);
    expect(changes()).toBe(1);
    expect(detail.of(host)?.series.get("system/cpu")?.length).toBe(4);
    expect(host.series.get("system/cpu")?.length).toBe(4);
    detail.show(host, null);
    expect(detail.of(host)).toBe(host);
  });

  it("is fetched for a span within one bucket", async () => {
    const { requests, detail } = setUp();
    detail.show(hostWith(1_000), { from: 1_200, to: 1_900 });
    detail.show(hostWith(1_000), { from: 2_000, to: 2_900 });
    await settled();
    expect(requests).toHaveLength(2);
  });

  it("is not fetched where the page has every sample, nor for a span that still grows", async () => {
    const { requests, detail } = setUp();
    detail.show(hostWith(0), ZOOM);
    detail.show(hostWith(1_000), { from: 1_000, to: 9_000 });
    await settled();
    expect(requests).toEqual([]);
  });

  it("is fetched once the history of a page that was opened with a zoom has arrived", async () => {
    const { requests, detail } = setUp();
    const host = new HostData("h");
    detail.show(host, ZOOM);
    host.merge(history([0, 1_000, 2_000, 3_000], 1_000, 0, 4_000));
    detail.show(host, ZOOM);
    detail.show(host, ZOOM);
    await settled();
    expect(requests).toHaveLength(1);
  });

  it("is never used for another host", async () => {
    const { detail } = setUp();
    detail.show(hostWith(1_000), ZOOM);
    await settled();
    const other = new HostData("other");
    expect(detail.of(other)).toBe(other);
  });
});
