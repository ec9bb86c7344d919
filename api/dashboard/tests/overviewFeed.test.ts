import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { GlancedHost } from "../src/bus/overview";
import { OverviewFeed } from "../src/feed/overviewFeed";

const HOSTS: readonly GlancedHost[] = [];
const PAUSE_MS = 4_000;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("document", { hidden: false });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("the overview is fetched while it is shown, and not afterwards", async () => {
  const fetchOverview = vi.fn(async () => HOSTS);
  const feed = new OverviewFeed({ fetchOverview });
  feed.start();
  feed.start();
  await vi.advanceTimersByTimeAsync(2 * PAUSE_MS);
  expect(fetchOverview).toHaveBeenCalledTimes(3);
  expect(feed.hosts.value).toBe(HOSTS);
  feed.stop();
  await vi.advanceTimersByTimeAsync(2 * PAUSE_MS);
  expect(fetchOverview).toHaveBeenCalledTimes(3);
});

test("a failed request keeps the last hosts, with the reason, until the next one", async () => {
  const answers = [HOSTS, new Error("The server is not responding."), HOSTS];
  const feed = new OverviewFeed({
    fetchOverview: async () => {
      const response = answers.shift();
      if (response instanceof Error) throw response;
      return response ?? HOSTS;
    },
  });
  feed.start();
  await vi.advanceTimersByTimeAsync(PAUSE_MS);
  expect(feed.hosts.value).toBe(HOSTS);
  expect(feed.problem.value).toBe("The server is not responding.");
  await vi.advanceTimersByTimeAsync(PAUSE_MS);
  expect(feed.problem.value).toBeNull();
});
