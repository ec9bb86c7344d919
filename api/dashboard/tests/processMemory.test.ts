import { describe, expect, it } from "vitest";
import type { Sample } from "../src/bus/payload";
import { stacked } from "../src/charts/stack";
import { HostData } from "../src/store/host";
import { PLACES, ProcessMemory } from "../src/store/processMemory";
import { ChannelSeries } from "../src/store/series";

const CHANNEL = "system/gpu/0/processes";

function memory(): ProcessMemory {
  return new ProcessMemory(new ChannelSeries(PLACES, 3_600_000, 1_000));
}

/** A sample whose processes have these bytes, by their ids. */
function listed(bytes: Readonly<Record<string, number>>) {
  return {
    processes: Object.entries(bytes).map(([pid, memory_used]) => ({ pid: Number(pid), name: "python3", memory_used })),
  };
}

function column(known: ProcessMemory, pid: number): number[] {
  const place = known.places.findIndex((each) => each?.pid === pid);
  return Array.from({ length: known.series.length }, (_, index) => known.series.value(`${place}`, index));
}

describe("the memory of processes", () => {
  it("is known for each process that a sample lists, from its first to its last", () => {
    const known = memory();
    known.accept(1_000, listed({ 7: 5 }));
    known.accept(2_000, listed({ 7: 6, 8: 1 }));
    known.accept(3_000, listed({ 8: 2 }));
    expect([column(known, 7), column(known, 8)]).toEqual([
      [5, 6, NaN],
      [NaN, 1, 2],
    ]);
  });

  it("is the sum where a process is listed twice, and a process that starts again with its id is another", () => {
    const known = memory();
    const row = { pid: 7, command: "a.py", started: 10, memory_used: 4 };
    known.accept(1_000, { processes: [row, { ...row, kind: "graphics" }, { ...row, started: 20 }, { pid: 9 }] });
    expect(known.places.flatMap((each) => (each ? [[each.command, each.memory]] : []))).toEqual([
      ["a.py", 8],
      ["a.py", 4],
    ]);
  });

  it("keeps a place for the largest, and gives that of the process that ended first to a new one", () => {
    const known = memory();
    known.accept(1_000, listed({ 1: 10, 2: 20, 3: 30, 4: 40, 5: 50, 6: 60 }));
    known.accept(2_000, listed({ 1: 10, 2: 20, 3: 30, 4: 40, 5: 50, 6: 60, 7: 5 }));
    expect(known.places.map((each) => each?.pid)).not.toContain(7);
    known.accept(3_000, listed({ 1: 10, 2: 20, 3: 30, 4: 40, 5: 50, 6: 60, 7: 15 }));
    expect(known.places.map((each) => each?.pid)).not.toContain(1);
    expect(column(known, 7)).toEqual([NaN, NaN, 15]);
    known.accept(4_000, listed({ 2: 20, 4: 40, 5: 50, 6: 60, 7: 15 }));
    known.accept(5_000, listed({ 2: 20, 4: 40, 5: 50, 6: 60, 7: 15, 8: 1 }));
    expect(known.places.map((each) => each?.pid)).not.toContain(3);
    expect(column(known, 8)).toEqual([NaN, NaN, NaN, NaN, 1]);
  });

  it("takes late samples, and none of a GPU that does not list its processes", () => {
    const known = memory();
    known.accept(3_000, listed({ 7: 3 }));
    known.accept(1_000, listed({ 7: 1, 8: 9 }));
    known.accept(4_000, { processes: null });
    expect(known.series.times.slice(0, 3)).toEqual(Float64Array.of(1_000, 3_000, 0));
    expect([column(known, 7), known.places.filter(Boolean).length]).toEqual([[1, 3], 1]);
  });

  it("belongs to the host, whose copy no longer changes", () => {
    const host = new HostData("h");
    const put = (timestamp: number, bytes: number) => {
      const sample: Sample = { host: "h", channel: CHANNEL, timestamp, values: listed({ 7: bytes }) };
      host.accept(sample, { at: 0, wall: 0, age: "live" });
    };
    put(1_000, 1);
    const frozen = host.freeze();
    put(2_000, 2);
    expect([host, frozen].map((each) => each.seriesAt(CHANNEL)?.length)).toEqual([2, 1]);
    expect(host.series.size).toBe(0);
  });
});

describe("a stack", () => {
  it("puts each area on those below, up to the total, which alone is known elsewhere", () => {
    const times = [0, 1, 2, 3];
    const first = [null, 10, 10, 10];
    const second = [null, null, 5, 50];
    expect(stacked([times, first, second, [30, 30, 30, 30]])).toEqual([
      times,
      [null, 10, 10, 10],
      [null, null, 15, 30],
      [30, 30, 30, 30],
    ]);
    expect(stacked([times, first, [null, 12, null, 8]])[1]).toEqual([null, 10, null, 8]);
  });
});
