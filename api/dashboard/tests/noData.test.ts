import { describe, expect, it } from "vitest";
import { noDataOf } from "../src/text/noData";
import { dateAndTime } from "../src/text/time";

const WALL = 1_800_000_000_000;

describe("a page without new data", () => {
  it("shows for how long, and since when with the date", () => {
    expect(noDataOf("stale", 240_000, WALL)).toEqual({
      headline: "No data for 4 min",
      since: `since ${dateAndTime(WALL - 240_000)}`,
    });
    expect(dateAndTime(Date.UTC(2026, 10, 28, 12))).toMatch(/^28 Nov, \d\d:\d\d:\d\d$/);
    expect(noDataOf("offline", 50 * 3_600_000, WALL)?.headline).toBe("No data for 2 d 2 h");
  });

  it("shows nothing while samples arrive, for a brief outage, or if none has ever arrived", () => {
    expect(noDataOf("live", 60_000, WALL)).toBeNull();
    expect(noDataOf("reconnecting", 9_000, WALL)).toBeNull();
    expect(noDataOf("offline", null, WALL)).toBeNull();
  });
});
