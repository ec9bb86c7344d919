import { afterEach, describe, expect, it, vi } from "vitest";
import { parseFrames } from "../src/bus/frames";
import { annotationOf, annotationsOf, type Run, runOf, runsOf } from "../src/bus/moments";
import { findingOf } from "../src/bus/payload";
import { fetchMoments, type MomentsQuery } from "../src/bus/rest";
import { labelsAt, marksIn } from "../src/charts/marks";
import { MomentsFeed } from "../src/feed/momentsFeed";
import { combined, MAX_LIVE, type Moments, NO_MOMENTS, withLive } from "../src/store/moments";
import { counted, runLine } from "../src/text/moments";

const HOUR = 3_600_000;
const GPU0 = "system/gpu/0";

function annotation(timestamp: number, change: object = {}) {
  return annotationOf({ id: `a${timestamp}`, timestamp, host: null, text: "epoch", tags: [], run: null, ...change })!;
}

function run(started: number, ended: number | null, change: object = {}): Run {
  const entry = { id: `r${started}`, host: "h", timestamp: ended ?? started, name: "n", started, ended };
  return runOf({ ...entry, state: ended === null ? "running" : "ended", ...change })!;
}

function finding(since: number, change: object = {}) {
  const entry = { host: "h", kind: "throttling", subject: "gpu0", state: "active", severity: "warning", since };
  return findingOf({ ...entry, timestamp: since, summary: "GPU 0 is hot.", advice: "", ...change })!;
}

function moments(part: Partial<Moments>): Moments {
  return { ...NO_MOMENTS, ...part };
}

describe("annotations and runs", () => {
  it("are read from the API and from the stream; what is not one is skipped", () => {
    expect(annotationsOf({ annotations: [{ text: "no id" }, annotation(1)] })).toEqual([annotation(1)]);
    expect(annotationsOf({})).toBeNull();
    expect(runsOf({ runs: [{ id: "r" }, { ...run(1, 2), exit_code: 3 }], next: 5 })).toMatchObject({
      runs: [{ id: "r1", ended: 2, exitCode: 3 }],
      next: 5,
    });
    const frames = [
      { channel: "system/annotations", event: "annotation", data: annotation(1) },
      { channel: "system/runs/r1", event: "run", data: { ...run(1, 2), id: "r1.end" } },
    ];
    expect(parseFrames(JSON.stringify(frames))).toMatchObject([
      { kind: "annotation", annotation: { text: "epoch" } },
      { kind: "run", run: { id: "r1", ended: 2 } },
    ]);
  });

  it("are combined by identity, as they were last reported, by ascending time", () => {
    const listed = moments({ annotations: [annotation(5)], runs: [run(9, null), run(1, 4)] });
    const live = moments({
      annotations: [annotation(3, { text: "start" }), annotation(5)],
      runs: [run(9, 20), run(1, null)],
    });
    const { annotations, runs } = combined(listed, live);
    expect(annotations.map(({ timestamp }) => timestamp)).toEqual([3, 5]);
    expect(runs.map(({ started, ended }) => [started, ended])).toEqual([
      [1, 4],
      [9, 20],
    ]);
  });

  it("are one annotation if the stream and the history gave it different ids", () => {
    const both = combined(
      moments({ annotations: [annotation(1_000)] }),
      moments({ annotations: [annotation(1_040), annotation(1_050, { text: "other" })] }),
    );
    expect(both.annotations.map(({ text }) => text)).toEqual(["epoch", "other"]);
  });

  it("from the stream are limited in number; the newest are kept", () => {
    let live = NO_MOMENTS;
    for (let time = 0; time < MAX_LIVE + 5; time += 1) {
      live = withLive(live, { annotations: [annotation(time, { text: `${time}` })] });
    }
    expect(live.annotations.length).toBe(MAX_LIVE);
    expect(live.annotations[0]?.timestamp).toBe(5);
  });

  it("are described with a sign and a word", () => {
    expect(runLine(run(1, null))).toBe("● n, running");
    expect(runLine(run(1, 2, { exit_code: 0 }))).toBe("✓ n, exit code 0");
    expect(runLine(run(1, 2, { signal: "SIGKILL" }))).toBe("✕ n, ended by SIGKILL");
    expect(runLine(run(1, null, { state: "lost" }))).toBe("? n, end not known");
    expect(counted({ annotation: 2, finding: 0, run: 1 })).toBe("2 annotations, 1 run");
  });
});

describe("the marks of a chart", () => {
  const span = { from: 100, to: 200 };

  it("are those of the span; what lasts reaches to now", () => {
    const marks = marksIn(
      moments({
        annotations: [annotation(99), annotation(100), annotation(201)],
        findings: [finding(50), finding(10, { state: "over", ended: 99 })],
        runs: [run(20, 90), run(30, 150), run(190, null), run(300, null)],
      }),
      span,
      180,
      GPU0,
    );
    expect(marks.lines.map(({ from }) => from)).toEqual([100]);
    expect(marks.shades.map(({ from, to }) => [from, to])).toEqual([[50, 180]]);
    expect(marks.bars.map(({ from, to, isOpen }) => [from, to, isOpen])).toEqual([
      [30, 150, false],
      [190, 180, true],
    ]);
  });

  it("leave out findings about another GPU, but not in the chart of the machine", () => {
    const other = moments({ findings: [finding(100, { subject: "gpu1/train" })] });
    expect(marksIn(other, span, 180, GPU0).shades).toEqual([]);
    expect(marksIn(other, span, 180, "system/gpu/1").shades.length).toBe(1);
    expect(marksIn(other, span, 180, "system/cpu").shades.length).toBe(1);
  });

  it("put runs at the same time into lanes, three at most", () => {
    const runs = [run(100, 200), run(101, 120), run(121, 130), run(122, 131), run(123, 132)];
    const { bars, lanes } = marksIn(moments({ runs }), span, 200, GPU0);
    expect(bars.map(({ lane }) => lane)).toEqual([0, 1, 1, 2, 2]);
    expect(lanes).toBe(3);
  });

  it("have labels: of annotations near a time, and of what lasts at that time", () => {
    const marks = marksIn(
      moments({ annotations: [annotation(150, { tags: ["train"] })], findings: [finding(140)], runs: [run(100, 145)] }),
      span,
      200,
      GPU0,
    );
    expect(labelsAt(marks, 152, 3)).toEqual(["epoch (train)", "GPU 0 is hot."]);
    expect(labelsAt(marks, 142, 3)).toEqual(["GPU 0 is hot.", "✓ n, ended"]);
    expect(labelsAt(marks, 120, 3)).toEqual(["✓ n, ended"]);
  });
});

describe("the feed of annotations, findings and runs", () => {
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("requests a span with an end after its start, also where the host's clock is ahead of the server's", async () => {
    const requested: URLSearchParams[] = [];
    const response = { annotations: [], findings: [], runs: [] };
    vi.stubGlobal("fetch", (path: string) => {
      requested.push(new URL(path, "http://h").searchParams);
      return Promise.resolve(new Response(JSON.stringify(response)));
    });
    expect(await fetchMoments({ host: "h", from: now + HOUR, to: null })).toEqual(NO_MOMENTS);
    expect(requested.map((query) => Number(query.get("end")) > now + HOUR)).toEqual([true, true, true]);
  });

  function feedOf(response: () => Promise<Moments>) {
    vi.useFakeTimers();
    const fetchMoments = vi.fn((_: MomentsQuery) => response());
    const feed = new MomentsFeed("h", { fetchMoments, random: () => 0, onChange: vi.fn() });
    return { feed, fetchMoments };
  }
  const now = 10 * HOUR;
  const moving = (length: number, at = now) => ({ from: at - length, to: at, isFixed: false });

  it("requests a span that moves once, a longer one again, and a past one with its end", async () => {
    const { feed, fetchMoments } = feedOf(() => Promise.resolve(NO_MOMENTS));
    feed.show(moving(HOUR), now);
    feed.show(moving(HOUR, now + 500), now + 500);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(fetchMoments.mock.calls.map(([query]) => query)).toEqual([{ host: "h", from: now - HOUR, to: null }]);
    feed.show(moving(2 * HOUR), now);
    await vi.advanceTimersByTimeAsync(1_000);
    feed.show({ from: HOUR, to: 2 * HOUR, isFixed: true }, now);
    await vi.advanceTimersByTimeAsync(1_000);
    feed.show({ from: 1.5 * HOUR, to: 2 * HOUR, isFixed: true }, now);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(fetchMoments.mock.calls.slice(1).map(([query]) => query)).toEqual([
      { host: "h", from: now - 2 * HOUR, to: null },
      { host: "h", from: HOUR, to: 2 * HOUR },
    ]);
  });

  it("adds what the stream brings of its host or of all hosts", async () => {
    const { feed } = feedOf(() => Promise.resolve(moments({ runs: [run(1, null)] })));
    feed.show(moving(HOUR), now);
    feed.accept({ kind: "annotation", annotation: annotation(1) });
    feed.accept({ kind: "annotation", annotation: annotation(2, { host: "other" }) });
    feed.accept({ kind: "run", run: run(1, 9) });
    feed.accept({ kind: "finding", finding: finding(3) });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(feed.moments.annotations.length).toBe(1);
    expect(feed.moments.runs.map(({ ended }) => ended)).toEqual([9]);
    expect(feed.moments.findings.length).toBe(1);
  });

  it("asks again after a failure, and when a run or finding is no longer retained", async () => {
    let fails = true;
    const { feed, fetchMoments } = feedOf(() =>
      fails ? Promise.reject(new Error("No.")) : Promise.resolve(NO_MOMENTS),
    );
    feed.show(moving(HOUR), now);
    await vi.advanceTimersByTimeAsync(500);
    expect(feed.problem).toBe("No.");
    fails = false;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(feed.problem).toBeNull();
    const before = fetchMoments.mock.calls.length;
    feed.accept({ kind: "removed", host: "h", channel: "system/gpu/1" });
    feed.accept({ kind: "removed", host: "h", channel: "system/runs/r1" });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(fetchMoments.mock.calls.length).toBe(before + 1);
  });
});
