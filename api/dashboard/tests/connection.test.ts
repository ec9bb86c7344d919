import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { MetricsResult } from "../src/bus/responses";
import { RequestFailed } from "../src/bus/rest";
import { Connection, type ConnectionMode } from "../src/connection/connection";
import { FakeSocket } from "./fakeSocket";

const ANSWER: MetricsResult = { host: "h", state: "online", samples: [] };

function setUp() {
  const sockets: FakeSocket[] = [];
  const modes: ConnectionMode[] = [];
  const ages: (number | null)[] = [];
  const server = {
    isUp: true,
    hasNews: false,
    polls: 0,
    flows: 0,
    isHostUnknown: false,
    hangs: false,
    problem: "" as string | null,
  };
  const connection = new Connection(
    {
      openSocket: () => {
        const socket = new FakeSocket();
        sockets.push(socket);
        return socket;
      },
      fetchMetrics: async (signal) => {
        server.polls += 1;
        if (server.hangs) {
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          throw new RequestFailed("The server is not responding.", 0);
        }
        if (server.isHostUnknown) throw new RequestFailed("No host 'h' is known.", 404);
        if (!server.isUp) throw new Error("The server is not responding.");
        return ANSWER;
      },
      random: () => 0.5,
    },
    {
      onFrame: (frame) => frame.kind === "sample" && ages.push(frame.ageSeconds),
      onMetrics: () => server.hasNews,
      onState: (state) => {
        modes.push(state.mode);
        server.problem = state.problem;
      },
      onFlowing: () => (server.flows += 1),
    },
    () => 2000,
  );
  connection.start();
  const newest = () => sockets[sockets.length - 1]!;
  const pauseAfterEnd = async () => {
    const count = sockets.length;
    const began = performance.now();
    newest().end();
    while (sockets.length === count) await pass(100);
    return performance.now() - began;
  };
  return { connection, sockets, modes, ages, server, newest, pauseAfterEnd };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe("the connection", () => {
  it("is live once the WebSocket is open, and fetches what was missed", async () => {
    const { modes, newest, server } = setUp();
    expect(modes).toEqual([]);
    newest().open();
    await pass(0);
    expect(modes).toEqual(["live"]);
    expect(server.flows).toBe(1);
  });

  it("polls at once when the WebSocket closes, and then at the interval", async () => {
    const { modes, newest, server } = setUp();
    newest().open();
    await pass(0);
    const before = server.polls;
    newest().end();
    await pass(0);
    expect(modes.at(-1)).toBe("polling");
    expect(server.polls).toBe(before + 1);
    await pass(6000);
    expect(server.polls).toBe(before + 4);
  });

  it("returns to the WebSocket by itself, stops polling and fills the gap again", async () => {
    const { modes, newest, sockets, server } = setUp();
    newest().open();
    await pass(0);
    newest().end();
    await pass(600);
    expect(sockets).toHaveLength(2);
    newest().open();
    newest().send("system/cpu", 1);
    await pass(0);
    expect(modes.at(-1)).toBe("live");
    expect(server.flows).toBe(3); // live, polling, live
    const polls = server.polls;
    for (const timestamp of [2, 3]) {
      await pass(2000);
      newest().send("system/cpu", timestamp);
    }
    expect(server.polls).toBe(polls);
  });

  it("waits longer and longer between attempts, at most 30 s", async () => {
    const { server, pauseAfterEnd } = setUp();
    server.isUp = false;
    const starts: number[] = [];
    for (let attempt = 0; attempt < 9; attempt += 1) starts.push(await pauseAfterEnd());
    expect(starts.slice(0, 4)).toEqual([500, 1000, 2000, 4000]);
    expect(starts.at(-1)).toBe(15_000);
  });

  it("is reconnecting while the server is down, and reports why", async () => {
    const { modes, newest, server } = setUp();
    newest().open();
    await pass(0);
    server.isUp = false;
    newest().end();
    await pass(0);
    expect(modes.at(-1)).toBe("reconnecting");
    expect(server.problem).toBe("The server is not responding.");
    server.isUp = true;
    await pass(2000);
    expect(modes.at(-1)).toBe("polling");
  });

  it("closes a WebSocket that does not open", async () => {
    const { modes, sockets } = setUp();
    await pass(8000);
    expect(sockets[0]!.closed).toBe(true);
    expect(modes.at(-1)).toBe("polling");
  });

  it("keeps a WebSocket while the collector is silent, and probes less and less often", async () => {
    const { sockets, newest, server } = setUp();
    newest().open();
    await pass(30_000);
    expect(sockets).toHaveLength(1);
    expect(server.polls).toBe(5); // when it opened, and after 3, 6, 12 and 24 s
    newest().send("system/cpu", 1);
    await pass(3_000);
    expect(server.polls).toBe(6);
  });

  it("closes a silent WebSocket within two intervals when HTTP has samples that it lacks", async () => {
    const { sockets, newest, server } = setUp();
    newest().open();
    newest().send("system/cpu", 1);
    server.hasNews = true;
    await pass(2_900);
    newest().send("system/cpu", 2);
    await pass(3_100);
    newest().send("system/cpu", 3); // a little later than over HTTP
    await pass(1_000);
    expect(sockets[0]!.closed).toBe(false);
    await pass(3_000);
    expect(sockets[0]!.closed).toBe(true);
  });

  it("closes a silent WebSocket before its samples are stale when the server hangs", async () => {
    const { modes, newest, server } = setUp();
    newest().open();
    newest().send("system/cpu", 1);
    await pass(0);
    server.hangs = true;
    await pass(4_900);
    expect(modes).toEqual(["live"]);
    await pass(200);
    expect(modes).toEqual(["live", "reconnecting"]);
    expect(server.problem).toBe("The server is not responding.");
  });

  it("retries the WebSocket soon while HTTP works", async () => {
    const { sockets, newest, server, pauseAfterEnd } = setUp();
    server.isUp = false;
    for (let attempt = 0; attempt < 7; attempt += 1) await pauseAfterEnd();
    newest().end();
    const count = sockets.length;
    server.isUp = true;
    await pass(2_600); // the next poll, and a pause as before the first attempt
    expect(sockets.length).toBeGreaterThan(count);
    const pauses: number[] = [];
    for (let attempt = 0; attempt < 8; attempt += 1) pauses.push(await pauseAfterEnd());
    expect(Math.max(...pauses)).toBe(5_000); // half of the 10 s
  });

  it("is reconnecting while a restarted server does not know the host again, then unknown", async () => {
    const { modes, newest, server } = setUp();
    newest().open();
    newest().send("system/cpu", 1);
    await pass(0);
    server.isUp = false;
    newest().end();
    await pass(1_000);
    server.isHostUnknown = true;
    newest().open();
    await pass(9_000);
    expect([...new Set(modes)]).toEqual(["live", "reconnecting"]);
    await pass(4_000);
    expect([...new Set(modes)]).toEqual(["live", "reconnecting", "unknown"]);
    newest().send("system/cpu", 2);
    expect(modes.at(-1)).toBe("live");
  });

  it("keeps a WebSocket open to a server that does not know the host, without being live", async () => {
    const { modes, sockets, newest, server } = setUp();
    server.isHostUnknown = true;
    newest().open();
    await pass(60_000);
    expect(modes).toEqual(["unknown"]);
    expect(sockets).toHaveLength(1);
    server.isHostUnknown = false;
    await pass(2_000);
    expect(modes.at(-1)).toBe("live");
  });

  it("passes on the age of a sample that the server had before", () => {
    const { newest, ages } = setUp();
    newest().open();
    newest().send("system/cpu", 1, 90.5);
    newest().send("system/cpu", 2);
    expect(ages).toEqual([90.5, null]);
  });

  it("skips frames with an unknown event, and counts them as a sign of life", async () => {
    const { modes, sockets, newest, ages, server } = setUp();
    newest().open();
    newest().sendUnknown();
    newest().send("system/cpu", 1);
    await pass(0);
    const { polls } = server;
    for (let count = 0; count < 5; count += 1) {
      await pass(2_000);
      newest().sendUnknown();
    }
    expect(ages).toHaveLength(1); // of system/cpu alone
    expect(modes).toEqual(["live"]);
    expect([sockets.length, sockets[0]!.closed, server.polls]).toEqual([1, false, polls]);
  });

  it("retries at once when it is woken", async () => {
    const { connection, sockets, newest } = setUp();
    newest().end();
    await pass(0);
    connection.wake();
    expect(sockets).toHaveLength(2);
  });

  it("ignores the messages of a closed socket, and does nothing once stopped", async () => {
    const { connection, sockets, ages, server } = setUp();
    sockets[0]!.end();
    await pass(600);
    sockets[0]!.send("system/cpu", 1);
    expect(ages).toEqual([]);
    connection.stop();
    const polls = server.polls;
    await pass(60_000);
    expect(server.polls).toBe(polls);
    expect(sockets).toHaveLength(2);
  });
});

describe("a server that does not know the host", () => {
  it("is not treated as down", async () => {
    const { modes, newest, server, connection } = setUp();
    server.isHostUnknown = true;
    newest().end();
    await pass(0);
    expect(modes).toEqual(["unknown"]);
    server.isHostUnknown = false;
    await pass(2_000);
    expect(modes.at(-1)).toBe("polling");
    connection.stop();
  });
});
