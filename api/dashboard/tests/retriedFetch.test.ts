import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RetriedFetch } from "../src/connection/retriedFetch";

describe("a fetch that is retried", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const setUp = (...answers: (() => Promise<string>)[]) => {
    const fetch = vi.fn((_: AbortSignal) => answers[Math.min(fetch.mock.calls.length, answers.length) - 1]!());
    const [onFetched, onFailed] = [vi.fn(), vi.fn()];
    return { fetch, onFetched, onFailed, source: new RetriedFetch({ fetch, random: () => 1, onFetched, onFailed }) };
  };
  const succeed = () => Promise.resolve("response");
  const fail = () => Promise.reject(new Error("The database is locked."));
  const never = () => new Promise<string>(() => undefined);

  it("is tried again after a failure, with pauses that grow and start again after a response", async () => {
    const { source, fetch, onFetched, onFailed } = setUp(fail, fail, fail, succeed, fail, succeed);
    const timesOf = async (ms: number) => {
      const before = fetch.mock.calls.length;
      await vi.advanceTimersByTimeAsync(ms);
      return fetch.mock.calls.length - before;
    };
    source.fetch();
    expect(await timesOf(1_999)).toBe(0);
    expect(await timesOf(1)).toBe(1);
    expect(await timesOf(2_999)).toBe(0);
    expect(await timesOf(1)).toBe(1);
    expect(await timesOf(5_000)).toBe(1);
    expect(onFailed.mock.calls).toEqual(Array(3).fill(["The database is locked."]));
    expect(onFetched.mock.calls).toEqual([["response"]]);
    expect(await timesOf(100_000)).toBe(0);
    source.fetch();
    expect(await timesOf(2_000)).toBe(1);
    expect(onFetched).toHaveBeenCalledTimes(2);
  });

  it("aborts the request before, whose response or failure no longer counts", async () => {
    let failFirst = (_: Error): void => undefined;
    const first = () => new Promise<string>((_, reject) => (failFirst = reject));
    const { source, fetch, onFetched, onFailed } = setUp(first, succeed);
    source.fetch();
    source.fetch();
    failFirst(new Error("aborted"));
    await vi.advanceTimersByTimeAsync(100_000);
    expect(fetch.mock.calls[0]![0].aborted).toBe(true);
    expect(fetch).toHaveBeenCalledTimes(2);
    expect(onFetched).toHaveBeenCalledTimes(1);
    expect(onFailed).not.toHaveBeenCalled();
  });

  it("can be put off, and stopped", async () => {
    const { source, fetch } = setUp(succeed, never);
    source.fetchAfter(1_000);
    source.fetchAfter(3_000);
    await vi.advanceTimersByTimeAsync(2_999);
    expect(fetch).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(fetch).toHaveBeenCalledTimes(1);
    source.fetchAfter(1_000);
    source.stop();
    await vi.advanceTimersByTimeAsync(100_000);
    expect(fetch).toHaveBeenCalledTimes(1);
  });
});
