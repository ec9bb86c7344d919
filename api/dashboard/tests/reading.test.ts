import { signal } from "@preact/signals";
import { describe, expect, it } from "vitest";
import type { Line } from "../src/charts/lines";
import { column } from "../src/charts/points";
import { readingOf } from "../src/charts/reading";
import type { ChartSource } from "../src/charts/source";
import { HostData } from "../src/store/host";

const CPU = "system/cpu";
const DAY = 86_400_000;
const LINE: Line = {
  ...{ key: "cpu", label: "CPU", scale: "percent", tint: "blue", read: column("utilization") },
  format: (value: number | null) => `${value}`,
};

function hostWith(times: number[], values: number[], bucketWidth: number): HostData {
  const host = new HostData("h");
  const channel = { timestamps: times, columns: { utilization: values }, bucketWidth, minutesUntil: -Infinity };
  const end = times.at(-1)! + bucketWidth + 1;
  host.merge({ host: "h", start: times[0]!, end, channels: new Map([[CPU, channel]]) });
  return host;
}

/** Seven days in buckets of half an hour, and the page's own hour. */
function week(change: Partial<ChartSource> = {}): ChartSource {
  const charted = hostWith([DAY, 7 * DAY - 1_800_000], [10, 20], 1_800_000);
  const shown = hostWith([7 * DAY - 2_000, 7 * DAY], [80, 85], 0);
  const source = { charted, shown, cursor: signal(null), span: { from: 0, to: 7 * DAY }, view: { zoom: null } };
  return { ...source, ...change } as unknown as ChartSource;
}

describe("the value beside a line", () => {
  it("is the newest sample, although a long span ends with a mean of many minutes", () => {
    expect(readingOf(week(), CPU, LINE)).toBe("85");
  });

  it("is the drawn one at the cursor, in a zoom, and where there is no newer one", () => {
    expect(readingOf(week({ cursor: signal<number | null>(DAY) }), CPU, LINE)).toBe("10");
    expect(readingOf(week({ view: { zoom: { from: 0, to: 7 * DAY } } }), CPU, LINE)).toBe("20");
    expect(readingOf(week({ shown: null }), CPU, LINE)).toBe("20");
  });
});
