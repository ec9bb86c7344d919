import { describe, expect, it } from "vitest";
import type { HistoryAnswer } from "../src/bus/answers";
import type { HistoryQuestion } from "../src/bus/rest";
import { Detail } from "../src/store/detail";
import { HostData } from "../src/store/host";

function history(times: number[], bucketWidth: number | null, start: number, end: number): HistoryAnswer {
  const channel = { timestamps: times, columns: { utilization: times.map(() => 1) }, bucketWidth };
  return { host: "h", start, end, channels: new Map([["system/cpu", channel]]) };
}

function hostWith(bucketWidth: number | null): HostData {
  const host = new HostData("h");
  host.merge(history([0, 1_000, 2_000, 3_000], bucketWidth, 0, 4_000));
  return host;
}

function setUp() {
  const asked: HistoryQuestion[] = [];
  let changes = 0;
  const detail = new Detail({
    fetchHistory: async (question) => {
      asked.push(question);
      return history([1_000, 1_250, 1_500, 1_750], null, question.start, question.end);
    },
    onChange: () => (changes += 1),
  });
  return { asked, detail, changes: () => changes };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));
const ZOOM = { from: 1_000, to: 1_900 };

describe("the history of a zoom", () => {
  it("is fetched sample by sample where the page has buckets, once, and goes with the zoom", async () => {
    const { asked, detail, changes } = setUp();
    const host = hostWith(1_000);
    detail.show(host, ZOOM);
    detail.show(host, { ...ZOOM });
    expect(detail.of(host)).toBe(host);
    await settled();
    expect(asked).toEqual([{ host: "h", start: 1_000, end: 1_901, maxPoints: 4_000 }]);
    expect(changes()).toBe(1);
    expect(detail.of(host)?.series.get("system/cpu")?.length).toBe(4);
    expect(host.series.get("system/cpu")?.length).toBe(4);
    detail.show(host, null);
    expect(detail.of(host)).toBe(host);
  });

  it("is fetched for a span inside of one bucket", async () => {
    const { asked, detail } = setUp();
    detail.show(hostWith(1_000), { from: 1_200, to: 1_900 });
    detail.show(hostWith(1_000), { from: 2_000, to: 2_900 });
    await settled();
    expect(asked).toHaveLength(2);
  });

  it("is not fetched where the page has each sample, nor for a span that still grows", async () => {
    const { asked, detail } = setUp();
    detail.show(hostWith(null), ZOOM);
    detail.show(hostWith(1_000), { from: 1_000, to: 9_000 });
    await settled();
    expect(asked).toEqual([]);
  });

  it("is fetched once the past of a page that was opened with a zoom is there", async () => {
    const { asked, detail } = setUp();
    const host = new HostData("h");
    detail.show(host, ZOOM);
    host.merge(history([0, 1_000, 2_000, 3_000], 1_000, 0, 4_000));
    detail.show(host, ZOOM);
    detail.show(host, ZOOM);
    await settled();
    expect(asked).toHaveLength(1);
  });

  it("is never that of another host", async () => {
    const { detail } = setUp();
    detail.show(hostWith(1_000), ZOOM);
    await settled();
    const other = new HostData("other");
    expect(detail.of(other)).toBe(other);
  });
});
