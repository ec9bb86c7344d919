import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { MetricsAnswer } from "../src/bus/answers";
import { RequestFailed } from "../src/bus/rest";
import { pauseBefore } from "../src/connection/backoff";
import { Connection, type Socket, type Transport } from "../src/connection/connection";

class FakeSocket implements Socket {
  onopen: Socket["onopen"] = null;
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  closed = false;
  close() {
    this.closed = true;
  }
  open() {
    this.onopen?.({} as never);
  }
  say(channel: string, timestamp: number) {
    const data = { host: "h", timestamp, utilization: 1 };
    this.onmessage?.({ data: JSON.stringify([{ channel, event: "metrics", data }]) });
  }
  end() {
    this.onclose?.({} as never);
  }
}

const ANSWER: MetricsAnswer = { host: "h", state: "online", samples: [] };

function setUp() {
  const sockets: FakeSocket[] = [];
  const transports: Transport[] = [];
  const greetings: boolean[] = [];
  const world = { httpAnswers: true, news: false, polls: 0, flows: 0, unknown: false, hangs: false, problem: "" as string | null };
  const connection = new Connection(
    {
      openSocket: () => {
        const socket = new FakeSocket();
        sockets.push(socket);
        return socket;
      },
      fetchMetrics: async (signal) => {
        world.polls += 1;
        if (world.hangs) {
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          throw new RequestFailed("The server does not answer.", 0);
        }
        if (world.unknown) throw new RequestFailed("No host 'h' has been heard of.", 404);
        if (!world.httpAnswers) throw new Error("The server does not answer.");
        return ANSWER;
      },
      random: () => 0.5,
    },
    {
      onFrame: (_, greeting) => greetings.push(greeting),
      onMetrics: () => world.news,
      onState: (state) => {
        transports.push(state.transport);
        world.problem = state.problem;
      },
      onFlowing: () => (world.flows += 1),
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
  return { connection, sockets, transports, greetings, world, newest, pauseAfterEnd };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe("the connection", () => {
  it("is live once the WebSocket is open, and asks for what was missed", async () => {
    const { transports, newest, world } = setUp();
    expect(transports).toEqual([]);
    newest().open();
    await pass(0);
    expect(transports).toEqual(["live"]);
    expect(world.flows).toBe(1);
  });

  it("polls within one interval when the WebSocket goes, and then at the interval", async () => {
    const { transports, newest, world } = setUp();
    newest().open();
    await pass(0);
    const before = world.polls;
    newest().end();
    await pass(0);
    expect(transports.at(-1)).toBe("polling");
    expect(world.polls).toBe(before + 1);
    await pass(6000);
    expect(world.polls).toBe(before + 4);
  });

  it("goes back to the WebSocket by itself, stops polling and fills the gap again", async () => {
    const { transports, newest, sockets, world } = setUp();
    newest().open();
    await pass(0);
    newest().end();
    await pass(600);
    expect(sockets).toHaveLength(2);
    newest().open();
    newest().say("system/cpu", 1);
    await pass(0);
    expect(transports.at(-1)).toBe("live");
    expect(world.flows).toBe(3); // live, polling, live
    const polls = world.polls;
    for (const timestamp of [2, 3]) {
      await pass(2000);
      newest().say("system/cpu", timestamp);
    }
    expect(world.polls).toBe(polls);
  });

  it("waits longer and longer between attempts, at most 30 s", async () => {
    const { world, pauseAfterEnd } = setUp();
    world.httpAnswers = false;
    const starts: number[] = [];
    for (let attempt = 0; attempt < 9; attempt += 1) starts.push(await pauseAfterEnd());
    expect(starts.slice(0, 4)).toEqual([500, 1000, 2000, 4000]);
    expect(starts.at(-1)).toBe(15_000);
  });

  it("is reconnecting while nothing answers, and says why", async () => {
    const { transports, newest, world } = setUp();
    newest().open();
    await pass(0);
    world.httpAnswers = false;
    newest().end();
    await pass(0);
    expect(transports.at(-1)).toBe("reconnecting");
    expect(world.problem).toBe("The server does not answer.");
    world.httpAnswers = true;
    await pass(2000);
    expect(transports.at(-1)).toBe("polling");
  });

  it("gives up a WebSocket that does not open", async () => {
    const { transports, sockets } = setUp();
    await pass(8000);
    expect(sockets[0]!.closed).toBe(true);
    expect(transports.at(-1)).toBe("polling");
  });

  it("keeps a WebSocket while the collector is silent, and asks less and less often", async () => {
    const { sockets, newest, world } = setUp();
    newest().open();
    await pass(30_000);
    expect(sockets).toHaveLength(1);
    expect(world.polls).toBe(5); // when it opened, and after 3, 6, 12 and 24 s
    newest().say("system/cpu", 1);
    await pass(3_000);
    expect(world.polls).toBe(6);
  });

  it("leaves a silent WebSocket within two intervals when HTTP has news that it does not bring", async () => {
    const { sockets, newest, world } = setUp();
    newest().open();
    newest().say("system/cpu", 1);
    world.news = true;
    await pass(2_900);
    newest().say("system/cpu", 2);
    await pass(3_100);
    newest().say("system/cpu", 3); // a little later than over HTTP
    await pass(1_000);
    expect(sockets[0]!.closed).toBe(false);
    await pass(3_000);
    expect(sockets[0]!.closed).toBe(true);
  });

  it("leaves a silent WebSocket before its samples are stale when the server hangs", async () => {
    const { transports, newest, world } = setUp();
    newest().open();
    newest().say("system/cpu", 1);
    await pass(0);
    world.hangs = true;
    await pass(4_900);
    expect(transports).toEqual(["live"]);
    await pass(200);
    expect(transports).toEqual(["live", "reconnecting"]);
    expect(world.problem).toBe("The server does not answer.");
  });

  it("does not wait long for the WebSocket while HTTP answers", async () => {
    const { sockets, newest, world, pauseAfterEnd } = setUp();
    world.httpAnswers = false;
    for (let attempt = 0; attempt < 7; attempt += 1) await pauseAfterEnd();
    newest().end();
    const count = sockets.length;
    world.httpAnswers = true;
    await pass(2_600); // the next poll, and a pause as before the first attempt
    expect(sockets.length).toBeGreaterThan(count);
    const pauses: number[] = [];
    for (let attempt = 0; attempt < 8; attempt += 1) pauses.push(await pauseAfterEnd());
    expect(Math.max(...pauses)).toBe(5_000); // half of the 10 s
  });

  it("is reconnecting while a restarted server has not heard of the host again, then unknown", async () => {
    const { transports, newest, world } = setUp();
    newest().open();
    newest().say("system/cpu", 1);
    await pass(0);
    world.httpAnswers = false;
    newest().end();
    await pass(1_000);
    world.unknown = true;
    newest().open();
    await pass(9_000);
    expect([...new Set(transports)]).toEqual(["live", "reconnecting"]);
    await pass(4_000);
    expect([...new Set(transports)]).toEqual(["live", "reconnecting", "unknown"]);
    newest().say("system/cpu", 2);
    expect(transports.at(-1)).toBe("live");
  });

  it("keeps a WebSocket open to a server that has not heard of the host, and is not live by it", async () => {
    const { transports, sockets, newest, world } = setUp();
    world.unknown = true;
    newest().open();
    await pass(60_000);
    expect(transports).toEqual(["unknown"]);
    expect(sockets).toHaveLength(1);
    world.unknown = false;
    await pass(2_000);
    expect(transports.at(-1)).toBe("live");
  });

  it("takes the first frame of each channel as a greeting, on every socket", async () => {
    const { newest, greetings } = setUp();
    newest().open();
    for (const channel of ["system/cpu", "system/memory", "system/cpu"]) newest().say(channel, 1);
    expect(greetings).toEqual([true, true, false]);
    newest().end();
    await pass(600);
    newest().open();
    newest().say("system/cpu", 2);
    expect(greetings.at(-1)).toBe(true);
  });

  it("tries at once when it is woken", async () => {
    const { connection, sockets, newest } = setUp();
    newest().end();
    await pass(0);
    connection.wake();
    expect(sockets).toHaveLength(2);
  });

  it("ignores what a socket says that it has left, and is quiet once stopped", async () => {
    const { connection, sockets, greetings, world } = setUp();
    sockets[0]!.end();
    await pass(600);
    sockets[0]!.say("system/cpu", 1);
    expect(greetings).toEqual([]);
    connection.stop();
    const polls = world.polls;
    await pass(60_000);
    expect(world.polls).toBe(polls);
    expect(sockets).toHaveLength(2);
  });
});

describe("the pause before an attempt", () => {
  it("is jittered over the whole range and never zero", () => {
    expect(pauseBefore(0, () => 0)).toBe(200);
    expect(pauseBefore(3, () => 0.25)).toBe(2000);
    expect(pauseBefore(50, () => 1)).toBe(30_000);
  });

  it("does not take a server that does not know the host for one that is away", async () => {
    const { transports, newest, world, connection } = setUp();
    world.unknown = true;
    newest().end();
    await pass(0);
    expect(transports).toEqual(["unknown"]);
    world.unknown = false;
    await pass(2_000);
    expect(transports.at(-1)).toBe("polling");
    connection.stop();
  });
});
