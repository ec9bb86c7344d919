import { afterEach, describe, expect, it, vi } from "vitest";
import { type Annotation, annotationOf, type Run, runOf } from "../src/bus/moments";
import type { HistoryColumns, HistoryResult } from "../src/bus/responses";
import { type HistoryQuery, type MomentsQuery, RequestFailed } from "../src/bus/rest";
import { ELAPSED } from "../src/charts/timeAxis";
import { ComparedRun } from "../src/feed/comparedRun";
import { channelsOf, RUN_GPUS, runHistory } from "../src/feed/runHistory";
import { comparedRows, differenceOf } from "../src/text/comparison";
import { percent, size } from "../src/text/numbers";
import { DEFAULT_VIEW, hashFromView, viewFromHash } from "../src/view/view";

const MINUTE = 60_000;
const START = 1_000_020 * MINUTE;

function run(change: object = {}): Run {
  return runOf({
    ...{ id: "r-1", host: "h", timestamp: START, name: "ablation-7", started: START, ended: START + 50 * MINUTE },
    ...{ state: "ended", user: "ada", gpus: ["3", "4"], exit_code: 0 },
    ...change,
  })!;
}

function columns(times: number[], fields: Record<string, (number | null)[]>, change: object = {}): HistoryColumns {
  return { timestamps: times, columns: fields, bucketWidth: 0, minutesUntil: -Infinity, ...change };
}

function answerWith(channels: Record<string, HistoryColumns>): HistoryResult {
  return { host: "h", start: START, end: START + 50 * MINUTE, channels: new Map(Object.entries(channels)) };
}

describe("the address of a comparison", () => {
  it("has two runs and their hosts, and survives a round trip", () => {
    const compare = [
      { id: "a-1", host: "gpu-07" },
      { id: "b-2", host: "<h>,@ é" },
    ];
    const view = { ...DEFAULT_VIEW, page: "compare", compare, compareZoom: { from: 0, to: 5_000 } } as const;
    expect(hashFromView(view)).toMatch(/^#compare=a-1@gpu-07,b-2@/);
    expect(viewFromHash(hashFromView(view))).toEqual(view);
    expect(viewFromHash("#compare=a-1,b-2")).toMatchObject({
      page: "compare",
      compare: [{ host: null }, { id: "b-2" }],
    });
  });

  it("is closed by every other page", () => {
    const compare = [
      { id: "a", host: null },
      { id: "b", host: null },
    ];
    expect(hashFromView({ ...DEFAULT_VIEW, page: "runs", compare, compareZoom: { from: 0, to: 5_000 } })).toBe(
      "#page=runs",
    );
  });

  it.each(["a", "a,b,c", "a,<b>", "a,b@%E0%A4%A", "a@x@y,b"])("without two runs shows the host: %s", (text) => {
    expect(viewFromHash(`#${new URLSearchParams({ compare: text })}`)).toEqual(DEFAULT_VIEW);
    expect(viewFromHash("#page=compare")).toEqual(DEFAULT_VIEW);
  });
});

describe("two runs side by side", () => {
  it("have the values that one of them has, with their differences", () => {
    const first = run({
      summary: { gpu_hours: 2, throttled_share: 5, ram_peak: 1024 ** 3, whole_machine: ["ram_peak"] },
    });
    const second = run({
      id: "r-2",
      ended: START + 60 * MINUTE,
      user: null,
      summary: { gpu_hours: 3, throttled_share: 1 },
    });
    const rows = comparedRows([first, second], START);
    const shown = rows.map(({ name, texts, difference }) => [name, ...texts, difference]);
    expect(shown.filter(([name]) => name !== "began")).toEqual([
      ["duration", "50 min", "60 min", "+10 min (+20%)"],
      ["gpu_hours", "2.00", "3.00", "+1.00 (+50%)"],
      ["throttled_share", "5% of the time", "1% of the time", "−4 points"],
      ["ram_peak", "1.0 GiB", "–", ""],
      ["host", "h", "h", ""],
      ["user", "ada", "–", ""],
      ["gpus", "3, 4", "3, 4", ""],
    ]);
    expect(rows.find(({ name }) => name === "ram_peak")?.isShared).toBe(true);
  });

  it("are the same where they read the same", () => {
    expect(differenceOf(80.2, 80.4, percent)).toBe("same");
    expect(differenceOf(0, 1024, size)).toBe("+1 KiB");
    expect(differenceOf(2048, 1024, size)).toBe("−1 KiB (−50%)");
  });
});

describe("the history of a run", () => {
  const times = Array.from({ length: 100 }, (_, index) => START + 2_000 * index);
  const constant = (value: number) => times.map(() => value);

  it("is by the time since its start", () => {
    const { series, length } = runHistory(
      run(),
      START + 200_000,
      answerWith({ "system/cpu": columns(times, { utilization: constant(7) }) }),
    );
    expect([...series.keys()]).toEqual(["system/cpu"]);
    expect(series.get("system/cpu")!.times.slice(0, 2)).toEqual(Float64Array.of(0, 2_000));
    expect(length).toBe(200_000);
  });

  it("has its GPUs as one, although they were sampled at different moments", () => {
    const gpu = (offset: number, ...values: [number, number, number, number]) =>
      columns(
        times.map((time) => time + offset),
        {
          ...{ utilization: constant(values[0]), temperature: constant(values[1]) },
          ...{ memory_used: constant(values[2]), power: constant(values[3]) },
        },
      );
    const response = answerWith({
      "system/gpu/3": gpu(0, 100, 60, 1, 300),
      "system/gpu/4": gpu(700, 50, 80, 2, 100),
      "system/gpu/5": gpu(0, 0, 99, 9, 9), // not of this run
    });
    const gpus = runHistory(run(), START + 200_000, response).series.get(RUN_GPUS)!;
    const at = (name: string) => gpus.value(name, 10);
    expect([at("utilization"), at("temperature"), at("memory_used"), at("power")]).toEqual([75, 80, 3, 400]);
    expect(gpus.length).toBeGreaterThan(45);
  });

  it("is as complete where it is made of minutes", () => {
    const minutes = Array.from({ length: 50 }, (_, index) => START + index * MINUTE);
    const gpu = columns(minutes, { utilization: minutes.map(() => 40) }, { minutesUntil: Infinity });
    const { series, intervalMs } = runHistory(run(), START + 50 * MINUTE, answerWith({ "system/gpu/3": gpu }));
    expect(series.get(RUN_GPUS)!.length).toBe(50);
    expect(intervalMs).toBe(MINUTE / 2);
  });

  it("is requested with the GPUs that it names, if they are GPUs", () => {
    expect(channelsOf(run({ gpus: ["3", "../x"] }))).toBe(
      "system/gpu/3,system/cpu,system/memory,system/disk,system/network",
    );
  });
});

describe("a compared run", () => {
  afterEach(() => vi.useRealTimers());

  function started(
    fetchRun: () => Promise<Run>,
    fetchHistory: (query: HistoryQuery) => Promise<HistoryResult>,
    fetchAnnotations = async (_: MomentsQuery): Promise<Annotation[]> => [],
  ) {
    vi.useFakeTimers({ now: START + 10 * MINUTE });
    const options = { fetchRun, fetchHistory, fetchAnnotations, random: () => 0, onChange: vi.fn() };
    const compared = new ComparedRun({ id: "r-1", host: "h" }, options);
    compared.start();
    return compared;
  }

  it("is fetched again while it is under way, and not after its end", async () => {
    const queries: HistoryQuery[] = [];
    let state: object = { state: "running", ended: null };
    const compared = started(
      () => Promise.resolve(run(state)),
      (query) => {
        queries.push(query);
        return Promise.resolve(answerWith({}));
      },
    );
    await vi.advanceTimersByTimeAsync(31_000);
    expect(queries.map(({ start, end }) => [start, end])).toEqual([
      [START, START + 10 * MINUTE + 1],
      [START, START + 10 * MINUTE + 30_001],
    ]);
    state = {};
    await vi.advanceTimersByTimeAsync(30_000);
    expect(queries.at(-1)?.end).toBe(START + 50 * MINUTE + 1);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(queries.length).toBe(3);
    compared.stop();
  });

  it("gives the reason if it cannot be read, and tries again", async () => {
    let fails = true;
    const compared = started(
      () => (fails ? Promise.reject(new RequestFailed("No run r-1.", 404)) : Promise.resolve(run())),
      () => Promise.resolve(answerWith({})),
    );
    await vi.advanceTimersByTimeAsync(0);
    expect(compared.problem.value).toBe("No run r-1.");
    fails = false;
    await vi.advanceTimersByTimeAsync(2_000);
    expect([compared.problem.value, compared.run.value?.id]).toEqual([null, "r-1"]);
    compared.stop();
  });

  it("has the annotations of its time that name it, or no run", async () => {
    const annotation = (name: string | null) =>
      annotationOf({ id: `${name}`, timestamp: START + 60_000, text: "epoch", run: name })!;
    const fetchAnnotations = vi.fn(async (_: MomentsQuery) => ["r-1", "ablation-7", "other", null].map(annotation));
    const compared = started(
      () => Promise.resolve(run()),
      () => Promise.resolve(answerWith({})),
      fetchAnnotations,
    );
    await vi.advanceTimersByTimeAsync(0);
    expect(compared.annotations.value.map((each) => each.run)).toEqual(["r-1", "ablation-7", null]);
    expect(fetchAnnotations.mock.calls[0]![0]).toEqual({ host: "h", from: START, to: START + 50 * MINUTE + 1 });
    compared.stop();
  });

  it("keeps its summary if its history cannot be read", async () => {
    const compared = started(
      () => Promise.resolve(run()),
      () => Promise.reject(new Error("The database is locked.")),
    );
    await vi.advanceTimersByTimeAsync(0);
    expect([compared.run.value?.id, compared.problem.value]).toEqual(["r-1", "The database is locked."]);
    compared.stop();
  });

  it("has an empty history if the server no longer knows its host", async () => {
    const compared = started(
      () => Promise.resolve(run()),
      () => Promise.reject(new RequestFailed("Host 'h' is not known.", 404)),
    );
    await vi.advanceTimersByTimeAsync(0);
    expect([compared.problem.value, compared.history.value?.series.size]).toEqual([null, 0]);
    compared.stop();
  });
});

it("times since a start are written with their units, and in full at the cursor", () => {
  const axis = (minutes: number, step = MINUTE) => ELAPSED.onAxis(minutes * MINUTE, step);
  expect([0, 0.5, 1.5, 20, 60, 150, 47 * 60, 48 * 60, 54 * 60].map((each) => axis(each))).toEqual([
    "0",
    "30 s",
    "1:30 min",
    "20 min",
    "1 h",
    "2:30 h",
    "47 h",
    "2 d",
    "2 d 6 h",
  ]);
  expect(axis(90.25, 15_000)).toBe("1:30:15");
  expect(ELAPSED.text(101 * 60 * MINUTE + 65_000, 0)).toBe("101:01:05");
});
