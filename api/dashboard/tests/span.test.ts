import { describe, expect, it } from "vitest";
import { HostData } from "../src/store/host";
import { missingInSpan } from "../src/text/span";
import { date, momentTime, spanTime } from "../src/text/time";
import { rangeLabel, rangeMs, rangesWithin, rangeWords } from "../src/view/ranges";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = new Date(2026, 10, 28, 14, 3, 0).getTime();

describe("the ranges", () => {
  it("reach as far back as the history, and at least an hour", () => {
    expect(rangesWithin(0)).toEqual(["5m", "15m", "1h"]);
    expect(rangesWithin(DAY)).toEqual(["5m", "15m", "1h", "6h", "1d"]);
    expect(rangesWithin(7 * DAY)).toEqual(["5m", "15m", "1h", "6h", "1d", "7d"]);
    expect(rangesWithin(3.5 * DAY).at(-1)).toBe("3d");
    expect(rangesWithin(365 * DAY).at(-1)).toBe("365d");
    expect(rangesWithin(1.5 * HOUR)).toEqual(["5m", "15m", "1h"]);
    expect(rangesWithin(3 * HOUR).at(-1)).toBe("3h");
  });

  it("have a length, a label and words", () => {
    expect(["15m", "6h", "7d", "9y", "0h", "999d"].map(rangeMs)).toEqual([15 * 60_000, 6 * HOUR, 7 * DAY, 0, 0, 0]);
    expect(["5m", "1h", "7d"].map(rangeLabel)).toEqual(["5 min", "1 h", "7 d"]);
    expect(["5m", "1h", "7d"].map(rangeWords)).toEqual(["5 minutes", "hour", "7 days"]);
  });
});

describe("times", () => {
  it("have a date unless they are of today", () => {
    expect(momentTime(NOW - HOUR, NOW)).toBe("13:03:00");
    expect(momentTime(NOW - 15 * HOUR, NOW)).toBe("27 Nov 23:03:00");
    expect(spanTime({ from: NOW - 15 * HOUR, to: NOW - HOUR }, NOW)).toBe("27 Nov 23:03:00–13:03:00");
    expect(spanTime({ from: NOW - 16 * HOUR, to: NOW - 15 * HOUR }, NOW)).toBe("27 Nov 22:03:00–23:03:00");
    expect(date(NOW)).toBe("28 Nov");
  });
});

describe("a span without data", () => {
  const span = (from: number, to: number, isFixed = true) => ({ from: NOW - from, to: NOW - to, isFixed });
  const context = (data: HostData | null, keptMs: number | null = 7 * DAY) => ({ now: NOW, keptMs, data });

  it("is reported as gone if the history no longer keeps it", () => {
    expect(missingInSpan(span(9 * DAY, 8 * DAY), context(null))).toBe(
      "The data of 19 Nov 14:03:00–20 Nov 14:03:00 has expired. The history keeps 7 d, so it begins at 21 Nov 14:03:00.",
    );
    expect(missingInSpan(span(9 * DAY, DAY), context(null))).toBe(
      "The history keeps 7 d: the data from before 21 Nov 14:03:00 has expired.",
    );
    expect(missingInSpan(span(30 * DAY, 0, false), context(null))).toContain("has expired");
  });

  it("is reported as empty once the history has responded", () => {
    expect(missingInSpan(span(2 * HOUR, HOUR), context(null))).toBeNull();
    expect(missingInSpan(span(2 * HOUR, HOUR), context(new HostData("h")))).toBe(
      "This host has no data between 12:03:00 and 13:03:00.",
    );
    expect(missingInSpan(span(HOUR, 0, false), context(new HostData("h")))).toBeNull();
  });

  it("is not reported where there is data, in samples or in a bucket around it", () => {
    const host = new HostData("h");
    const channel = {
      timestamps: [NOW - 2 * HOUR],
      columns: { utilization: [1] },
      bucketWidth: HOUR,
      minutesUntil: -Infinity,
    };
    host.merge({ host: "h", start: NOW - 2 * HOUR, end: NOW, channels: new Map([["system/cpu", channel]]) });
    expect(missingInSpan(span(1.5 * HOUR, 1.4 * HOUR), context(host))).toBeNull();
    expect(missingInSpan(span(0.5 * HOUR, 0.4 * HOUR), context(host))).not.toBeNull();
  });
});
