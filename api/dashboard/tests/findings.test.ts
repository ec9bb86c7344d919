import { afterEach, describe, expect, it, test, vi } from "vitest";
import { parseFrames } from "../src/bus/frames";
import { type Finding, findingOf } from "../src/bus/payload";
import { findingsOf } from "../src/bus/responses";
import { FindingsFeed } from "../src/feed/findingsFeed";
import {
  failed,
  interrupted,
  kindOf,
  listed,
  NO_FINDINGS,
  removed,
  reported,
  requested,
  withoutMuted,
  worstFirst,
} from "../src/store/findings";
import { attentionCount, verdictOf } from "../src/text/verdict";

const ENTRY = {
  host: "h",
  kind: "idle_gpu",
  subject: "gpu0",
  state: "active",
  severity: "warning",
  since: 1_000,
  summary: "GPU 0 is idle.",
  evidence: { start: 1_000, end: 9_000, numbers: {} },
  advice: "Free it.",
};

function finding(change: object = {}): Finding {
  return findingOf({ ...ENTRY, ...change })!;
}

const GROWTH = finding({ kind: "memory_growth", severity: "critical" });
const NOTE = finding({ kind: "throttling", severity: "info" });
const OVER = finding({ state: "over" });
const kinds = (findings: readonly Finding[]) => findings.map(({ channel }) => channel.split("/")[2]);

describe("the findings of a host", () => {
  it("are ordered by severity, then by when they began", () => {
    const newer = finding({ kind: "straggler", since: 2_000 });
    const state = listed(NO_FINDINGS, [NOTE, finding(), GROWTH, newer]);
    expect(kinds(worstFirst(state))).toEqual(["memory_growth", "straggler", "idle_gpu", "throttling"]);
  });

  it("are replaced by kind and subject, and removed when they are over or no longer retained", () => {
    let state = reported(reported(listed(NO_FINDINGS, []), finding()), finding({ summary: "Still idle." }));
    expect(worstFirst(state).map(({ summary }) => summary)).toEqual(["Still idle."]);
    state = reported(state, finding({ subject: "gpu1" }));
    expect(state.active.size).toBe(2);
    expect(reported(state, OVER).active.size).toBe(1);
    expect(removed(state, "system/findings/idle_gpu/gpu1").active.size).toBe(1);
    expect(removed(state, "system/gpu/1")).toBe(state);
  });

  it("keep a change that arrives while the list is requested, whichever is newer", () => {
    let state = requested(reported(NO_FINDINGS, NOTE));
    state = reported(reported(state, GROWTH), OVER);
    expect(kinds(worstFirst(listed(state, [finding(), finding({ subject: "gpu1", state: "over" })])))).toEqual([
      "memory_growth",
    ]);
  });

  it("are those of the last list if the list cannot be read again", () => {
    const state = failed(listed(NO_FINDINGS, [GROWTH]), "The server is not responding.");
    expect(kinds(worstFirst(state))).toEqual(["memory_growth"]);
    expect(listed(state, []).problem).toBeNull();
  });
});

describe("the verdict", () => {
  const none = listed(NO_FINDINGS, []);
  const text = (...parameters: Parameters<typeof verdictOf>) => verdictOf(...parameters)?.text;

  it("counts the findings that need attention", () => {
    expect(verdictOf(listed(NO_FINDINGS, [finding(), NOTE]), { badge: "live" })).toEqual({
      kind: "attention",
      text: "1 finding needs attention",
    });
    expect(text(listed(NO_FINDINGS, [finding(), GROWTH]), { badge: "polling" })).toBe("2 findings need attention");
    expect(verdictOf(listed(NO_FINDINGS, [NOTE]), { badge: "live" })).toEqual({
      kind: "info",
      text: "1 finding worth knowing",
    });
    expect(verdictOf(none, { badge: "live" })).toEqual({ kind: "calm", text: "No findings" });
    expect(attentionCount(listed(NO_FINDINGS, [finding(), GROWTH, NOTE]))).toBe(2);
  });

  it("counts the GPUs if all that needs attention is about GPUs", () => {
    const gpu = (subject: string) => finding({ subject });
    const both = listed(NO_FINDINGS, [gpu("gpu1"), gpu("gpu1-nvlink"), NOTE]);
    expect(text(both, { badge: "live", gpus: 8 })).toBe("1 of 8 GPUs needs attention");
    expect(text(both, { badge: "live", gpus: 1 })).toBe("2 findings need attention");
    const more = listed(NO_FINDINGS, [gpu("gpu1"), gpu("memory")]);
    expect(text(more, { badge: "live", gpus: 8 })).toBe("2 findings need attention");
  });

  it("mentions muted findings, which do not count", () => {
    const state = listed(NO_FINDINGS, [finding(), NOTE]);
    const audible = withoutMuted(state, ({ severity }) => severity !== "info");
    expect(text(audible, { badge: "live", muted: 1 })).toBe("1 finding worth knowing, 1 muted");
    expect(withoutMuted(state, () => false)).toBe(state);
  });

  it("claims nothing that is not known", () => {
    expect(text(NO_FINDINGS, { badge: "connecting" })).toBe("Loading the findings.");
    const lost = interrupted(none);
    expect(text(lost, { badge: "reconnecting" })).toBe("Findings unavailable. Retrying.");
    expect(text(failed(lost, "Not responding."), { badge: "reconnecting" })).toBe("Findings unavailable. Retrying.");
    expect(text(failed(NO_FINDINGS, "The server is not responding."), { badge: "live" })).toBe(
      "The findings cannot be read: The server is not responding. Retrying.",
    );
    expect(verdictOf(none, { badge: "stale" })).toEqual({ kind: "unknown", text: "Last known: no findings" });
    expect(text(interrupted(listed(NO_FINDINGS, [GROWTH])), { badge: "reconnecting" })).toBe(
      "Last known: 1 finding needs attention",
    );
    expect(verdictOf(none, { badge: "unknown" })).toBeNull();
  });
});

describe("findings from the server", () => {
  it("are skipped if they are not valid, and shortened if they are long", () => {
    expect(findingsOf({ findings: [ENTRY, { host: "h" }, null] })).toHaveLength(1);
    expect(findingsOf({})).toBeNull();
    expect(finding({ summary: "x".repeat(9_000) }).summary).toHaveLength(501);
    expect(finding({ evidence: null, severity: "novel", advice: 5 })).toMatchObject({
      evidence: null,
      severity: "info",
      advice: "",
    });
    const frame = { channel: "system/findings/idle_gpu/gpu0", event: "finding", data: ENTRY };
    expect(parseFrames(JSON.stringify([frame]))).toEqual([{ kind: "finding", finding: finding() }]);
  });
});

test("the kind of a finding is shown as words", () => {
  expect([GROWTH, finding()].map(kindOf)).toEqual(["memory growth", "idle GPU"]);
});

describe("the feed of findings", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("retries until the list has arrived, and ignores the findings of other hosts", async () => {
    vi.useFakeTimers();
    const fetchFindings = vi.fn(async () => [finding()]).mockRejectedValueOnce(new Error("No."));
    const feed = new FindingsFeed("h", { fetchFindings, random: () => 0, onChange: () => undefined });
    feed.fetch();
    await vi.advanceTimersByTimeAsync(0);
    expect(feed.state).toMatchObject({ problem: "No.", isComplete: false });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(feed.state).toMatchObject({ problem: null, isComplete: true });
    feed.accept({ kind: "finding", finding: finding({ host: "other", subject: "gpu1" }) });
    feed.accept({ kind: "removed", host: "other", channel: "system/findings/idle_gpu/gpu0" });
    expect(kinds(worstFirst(feed.state))).toEqual(["idle_gpu"]);
    feed.accept({ kind: "finding", finding: OVER });
    expect(feed.state.active.size).toBe(0);
  });
});
