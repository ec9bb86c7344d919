import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CatchUp } from "../src/feed/catchUp";
import { Backfill } from "../src/store/backfill";
import { HostData } from "../src/store/host";

const NOW = 1_800_000_000_000;
const OPTIONS = { fetchHistory: vi.fn(), random: () => 0.5, onChange: vi.fn() };

describe("late samples", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("are fetched together, from the earliest on, even if they never cease to arrive", () => {
    const host = new HostData("h");
    const backfill = new Backfill(host, OPTIONS);
    const fill = vi.spyOn(backfill, "fill").mockReturnValue();
    const catchUp = new CatchUp(host, backfill);
    for (const late of [50_000, 60_000, 20_000, 30_000, 10_000]) {
      catchUp.fetchLate("system/cpu", NOW - late);
      vi.advanceTimersByTime(1_000);
    }
    expect(fill.mock.calls).toEqual([[NOW - 60_000]]);
    vi.advanceTimersByTime(3_000);
    expect(fill.mock.calls).toEqual([[NOW - 60_000], [NOW - 30_000]]);
    catchUp.stop();
  });
});
