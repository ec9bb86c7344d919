import { describe, expect, it } from "vitest";
import type { Sample } from "../src/bus/payload";
import { isGapAfter } from "../src/store/gaps";
import { type Arrival, HostData } from "../src/store/host";

const WALL = 1_800_000_000_000;

function cpu(timestamp: number, utilization = 10): Sample {
  return { host: "h", channel: "system/cpu", timestamp, values: { utilization, per_core: [5, null, 90] } };
}

function arrival(at: number, age: Arrival["age"] = "live"): Arrival {
  return { at, wall: WALL + at, age };
}

describe("a host's data", () => {
  it("does not count an old sample as a sign of life", () => {
    const host = new HostData("h");
    host.accept(cpu(WALL), arrival(10, 9_000));
    expect(host.lastArrival).toBe(-8_990);
    host.accept(cpu(WALL), arrival(10)); // the same again
    expect(host.lastArrival).toBe(-8_990);
    expect(host.isStale("system/cpu", 10)).toBe(true);
    host.accept(cpu(WALL + 2000), arrival(20));
    expect(host.lastArrival).toBe(20);
    expect(host.isStale("system/cpu", 20)).toBe(false);
  });

  it("treats a polled sample that the previous response lacked as new, even if its clock is behind", () => {
    const host = new HostData("h");
    const behind = 1_200_000;
    host.accept(cpu(WALL - behind), { ...arrival(0, behind), after: undefined });
    expect(host.lastArrival).toBe(-behind);
    host.accept(cpu(WALL - behind), { ...arrival(2_000, behind + 2_000), after: 0 }); // the same again
    expect(host.lastArrival).toBe(-behind);
    host.accept(cpu(WALL - behind + 4_000), { ...arrival(4_500, behind + 500), after: 2_000 });
    expect(host.lastArrival).toBe(2_000);
    expect(host.clock.ahead).toBe(2_000 - behind);
  });

  it("keeps only the newest sample of a channel without history", () => {
    const host = new HostData("h");
    const sample = (timestamp: number, more: number): Sample => ({
      host: "h",
      channel: "system/gpu/0/processes",
      timestamp,
      values: { processes: [], more },
    });
    host.accept(sample(WALL, 1), arrival(0));
    host.accept(sample(WALL + 2_000, 2), arrival(1));
    expect(host.newest.get("system/gpu/0/processes")?.values.more).toBe(2);
    expect(host.series.size).toBe(0);
    expect(host.gpuIds).toEqual([]);
  });

  it("forgets the newest value of a removed channel and keeps its history", () => {
    const host = new HostData("h");
    host.accept(cpu(WALL), arrival(0));
    host.remove("system/cpu");
    expect(host.newest.has("system/cpu")).toBe(false);
    expect(host.series.get("system/cpu")?.length).toBe(1);
    expect(host.isStale("system/cpu", 99_999)).toBe(false);
    host.accept(cpu(WALL + 2_000), arrival(100_000));
    expect(host.newest.get("system/cpu")?.timestamp).toBe(WALL + 2_000);
  });

  it("recovers from a sample of the far future", () => {
    const host = new HostData("h");
    host.accept(cpu(WALL), arrival(0));
    host.accept(cpu(253_402_300_799_999), arrival(1_000));
    expect(host.accept(cpu(WALL + 2_000), arrival(2_000))).toBe("known");
    expect(host.accept(cpu(WALL + 8_000), arrival(8_000))).toBe("added");
    expect(host.newestTimestamp).toBe(WALL + 8_000);
    expect(host.series.get("system/cpu")?.length).toBe(2);
  });

  it("ignores the time of a false sample on a channel that is not published again", () => {
    for (const age of ["live", 0] as const) {
      const host = new HostData("h");
      host.accept({ ...cpu(WALL + 3 * 3_600_000), channel: "system/gpu/42" }, arrival(0, age));
      for (let at = 0; at < 20_000; at += 2_000) {
        for (const channel of ["system/cpu", "system/memory", "system/disk"])
          host.accept({ ...cpu(WALL + at), channel }, arrival(at));
      }
      expect(host.newestTimestamp).toBe(WALL + 18_000);
      expect(host.clock.ahead).toBe(0);
    }
  });

  it("judges staleness by arrival, however the clocks differ", () => {
    const host = new HostData("h");
    host.accept(cpu(WALL - 9_999_999), arrival(0));
    expect(host.isStale("system/cpu", 5_999)).toBe(false);
    expect(host.isStale("system/cpu", 6_001)).toBe(true);
  });

  it("keeps the newest value when late samples follow it", () => {
    const host = new HostData("h");
    host.accept(cpu(WALL + 10_000, 50), arrival(0));
    host.accept(cpu(WALL + 2_000, 1), arrival(1));
    expect(host.newest.get("system/cpu")?.values.utilization).toBe(50);
    expect(host.series.get("system/cpu")?.length).toBe(2);
  });

  it("follows a clock that was set back once nothing newer arrives", () => {
    const host = new HostData("h");
    host.accept(cpu(WALL, 50), arrival(0));
    host.accept(cpu(WALL - 60_000, 60), arrival(6_500));
    expect(host.newest.get("system/cpu")?.values.utilization).toBe(60);
  });

  it("does not take a sample for older than the one that it follows, even if its clock is behind", () => {
    const host = new HostData("h");
    const behind = 1_200_000;
    host.accept(cpu(WALL - behind), arrival(0));
    host.accept(cpu(WALL - behind + 2_000), arrival(2_500, behind + 500)); // the newest of a new socket
    expect(host.newest.get("system/cpu")?.arrived).toBe(0);
  });

  it("is offline from the last will until a new sample arrives", () => {
    const host = new HostData("h");
    const status = { host: "h", version: null, started: null, interval: 2, sensors: {} };
    host.acceptStatus({ ...status, state: "offline" }, 100);
    host.accept(cpu(WALL), arrival(102, 60_000));
    expect(host.offlineSince).toBe(100);
    expect(host.isStale("system/cpu", 103)).toBe(true);
    host.accept(cpu(WALL + 2_000), arrival(103));
    expect(host.offlineSince).toBeNull();
    expect(host.isStale("system/cpu", 103)).toBe(false);
  });

  it("keeps the utilization of the busiest core, live and from the history", () => {
    const host = new HostData("h");
    host.accept(cpu(2_000), arrival(0));
    const columns = { utilization: [1], "per_core.0": [7], "per_core.1": [null], "per_core.2": [60] };
    const channel = { timestamps: [1_000], columns, bucketWidth: 0, minutesUntil: -Infinity };
    host.merge({ host: "h", start: 0, end: 5_000, channels: new Map([["system/cpu", channel]]) });
    const series = host.series.get("system/cpu")!;
    expect([series.value("busiest_core", 0), series.value("busiest_core", 1)]).toEqual([60, 90]);
  });

  it("draws the minutes before the samples as one-minute points, and no outage between them", () => {
    const host = new HostData("h");
    const timestamps = [60_000, 120_000, 180_000, 182_000];
    const channel = { timestamps, columns: { utilization: [1, 2, 3, 4] }, bucketWidth: 0, minutesUntil: 180_000 };
    host.merge({ host: "h", start: 60_000, end: 184_000, channels: new Map([["system/cpu", channel]]) });
    const series = host.series.get("system/cpu")!;
    expect([...series.times.slice(0, series.length)]).toEqual(timestamps);
    expect([...series.widths.slice(0, series.length)]).toEqual([60_000, 60_000, 0, 0]);
    expect(timestamps.map((_, index) => isGapAfter(series, index, 2_000))).toEqual([false, false, false, false]);
  });

  it("skips channels that it does not know", () => {
    const host = new HostData("h");
    for (const channel of ["system/gpu/0/processes", "system/gpu/0/mig/1", "system/new", "system/gpu/x"]) {
      expect(host.accept({ ...cpu(1), channel }, arrival(0))).toBeNull();
    }
    expect(host.series.size).toBe(0);
  });

  it("does not change in a frozen copy", () => {
    const host = new HostData("h");
    host.accept(cpu(1_000), arrival(0));
    const frozen = host.freeze();
    host.accept(cpu(2_000), arrival(1));
    expect(frozen.newest.get("system/cpu")?.timestamp).toBe(1_000);
    expect(frozen.series.get("system/cpu")?.length).toBe(1);
  });
});
