import { afterEach, describe, expect, it, vi } from "vitest";
import { type Run, runOf } from "../src/bus/moments";
import type { RunsQuery } from "../src/bus/rest";
import { ANY_RUN, containsText, RunList } from "../src/feed/runList";
import { runDuration, summaryRows } from "../src/text/runs";
import { viewOfRun } from "../src/view/runView";

const MINUTE = 60_000;
const NOW = 1_000 * MINUTE;

function run(change: object = {}): Run {
  return runOf({
    ...{ id: "r", host: "h", timestamp: NOW, name: "ablation-7", started: NOW - 50 * MINUTE, ended: null },
    ...{ state: "running", tags: ["nightly"], user: "ada", gpus: ["3", "4"], command: "python3 train.py" },
    ...change,
  })!;
}

describe("the view of a run", () => {
  const context = { now: NOW, ranges: ["5m", "15m", "1h"] };

  it("is its span on its host and its first GPU", () => {
    const ended = run({ state: "ended", ended: NOW - 10 * MINUTE });
    expect(viewOfRun(ended, context)).toEqual({
      ...{ page: "host", host: "h", run: "r", gpu: "3", range: null },
      zoom: { from: NOW - 50 * MINUTE, to: NOW - 10 * MINUTE },
    });
  });

  it("goes on while the run is under way, if a range is long enough", () => {
    expect(viewOfRun(run(), context)).toMatchObject({ range: "1h", zoom: null });
    const long = run({ started: NOW - 90 * MINUTE });
    expect(viewOfRun(long, context)).toMatchObject({ range: null, zoom: { from: NOW - 90 * MINUTE, to: NOW } });
    const lost = run({ state: "lost", summary: { duration: 30 * 60 }, gpus: ["x"] });
    expect(viewOfRun(lost, context)).toMatchObject({ gpu: null, zoom: { to: NOW - 20 * MINUTE } });
  });

  it("is at least a second long", () => {
    const short = run({ state: "ended", ended: NOW - 50 * MINUTE });
    expect(viewOfRun(short, context).zoom).toEqual({ from: NOW - 50 * MINUTE, to: NOW - 50 * MINUTE + 1_000 });
  });
});

describe("a run", () => {
  it("has a duration and a summary of what is known", () => {
    expect(runDuration(run(), NOW)).toBe("50 min");
    const summary = { gpu_hours: 1.5, ram_peak: null, throttled_share: 2.5, whole_machine: ["throttled_share"] };
    expect(summaryRows(run({ summary }))).toEqual([
      { name: "gpu_hours", label: "GPU hours", text: "1.50", isShared: false },
      { name: "throttled_share", label: "GPUs slowed down", text: "3% of the time", isShared: true },
    ]);
    expect(summaryRows(run({ summary: null }))).toEqual([]);
  });

  it("is found by words in any order", () => {
    expect(["", "ADA ablation", "train.py", "night"].every((text) => containsText(run(), text))).toBe(true);
    expect(containsText(run(), "ada grace")).toBe(false);
  });
});

describe("the list of runs", () => {
  afterEach(() => vi.useRealTimers());

  const first = run({ id: "new", started: NOW });
  const second = run({ id: "old", started: NOW - MINUTE });
  const fetchRuns = (query: RunsQuery) =>
    Promise.resolve(query.end === null ? { runs: [first], next: NOW } : { runs: [second], next: null });
  const ids = (list: RunList) => list.runs.value?.map(({ id }) => id);

  it("has older pages on demand, and keeps them when the first is fetched again", async () => {
    vi.useFakeTimers();
    const list = new RunList(fetchRuns);
    expect(list.runs.value).toBeNull();
    list.show({ ...ANY_RUN, user: "ada" });
    await vi.advanceTimersByTimeAsync(0);
    expect([ids(list), list.next.value]).toEqual([["new"], NOW]);
    await list.more();
    expect([ids(list), list.next.value]).toEqual([["new", "old"], null]);
    await vi.advanceTimersByTimeAsync(25_000);
    expect([ids(list), list.next.value]).toEqual([["new", "old"], null]);
    list.stop();
  });

  it("gives the reason if it cannot be read, and asks again", async () => {
    vi.useFakeTimers();
    let fails = true;
    const list = new RunList((query) => (fails ? Promise.reject(new Error("No history.")) : fetchRuns(query)));
    list.show(ANY_RUN);
    await vi.advanceTimersByTimeAsync(0);
    expect([list.problem.value, list.runs.value]).toEqual(["No history.", null]);
    fails = false;
    await vi.advanceTimersByTimeAsync(11_000);
    expect([list.problem.value, ids(list)]).toEqual([null, ["new"]]);
    list.stop();
  });
});
