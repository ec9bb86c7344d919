import { describe, expect, it } from "vitest";
import { type BadgeContext, badgeOf } from "../src/connection/badge";
import type { ConnectionMode, ConnectionState } from "../src/connection/connection";
import { HostData } from "../src/store/host";
import { clockTime } from "../src/text/time";

const WALL = 1_800_000_000_000;

function receivedAt(at: number, timestamp = WALL): HostData {
  const host = new HostData("h");
  const sample = { host: "h", channel: "system/memory", timestamp, values: {} };
  host.accept(sample, { at, wall: WALL + at, age: "live" });
  return host;
}

function now(at: number, others: Partial<BadgeContext> = {}): BadgeContext {
  return { at, wall: WALL + at, respondedAt: at, isListed: false, ...others };
}

const is = (mode: ConnectionMode, problem: string | null = null): ConnectionState => ({ mode, problem });

describe("the badge", () => {
  it("is live while samples arrive, whatever the collector's clock shows", () => {
    expect(badgeOf(is("live"), receivedAt(1000, 5), now(2000)).kind).toBe("live");
  });

  it("is stale after three intervals without a sample, since the last one arrived", () => {
    const badge = badgeOf(is("live"), receivedAt(1000), now(7_001));
    expect(badge.label).toBe(`Stale since ${clockTime(WALL + 1000)}`);
    expect(badgeOf(is("live"), receivedAt(1000), now(7_000)).kind).toBe("live");
  });

  it("is stale when polling brings nothing new", () => {
    expect(badgeOf(is("polling"), receivedAt(0), now(60_000)).kind).toBe("stale");
    expect(badgeOf(is("polling"), receivedAt(0), now(1_000)).kind).toBe("polling");
  });

  it("shows an offline collector rather than stale samples", () => {
    const host = receivedAt(0);
    const status = { host: "h", version: null, started: null, interval: 2, sensors: {} };
    host.acceptStatus({ ...status, state: "offline" }, 500);
    expect(badgeOf(is("live"), host, now(60_000)).label).toBe("Collector offline");
  });

  it("shows first that the server is not responding, and why", () => {
    const badge = badgeOf(is("reconnecting", "The server is not responding."), receivedAt(0), now(60_000));
    expect(badge.label).toBe("Reconnecting");
    expect(badge.detail).toContain("The server is not responding.");
  });

  it("does not treat a host that the server does not know as a lost connection", () => {
    const badge = badgeOf(is("unknown", "No host 'x' is known."), new HostData("x"), now(0));
    expect([badge.kind, badge.label]).toEqual(["unknown", "Unknown host"]);
  });

  it("is not live before the server has responded", () => {
    expect(badgeOf(is("connecting"), null, now(0)).kind).toBe("connecting");
  });

  it("shows a listed host that a restarted server has not received anything from as offline, not unknown", () => {
    const unknown = is("unknown", "No host 'h' is known.");
    for (const [host, isListed] of [
      [receivedAt(0), false],
      [new HostData("h"), true],
    ] as const) {
      const badge = badgeOf(unknown, host, now(60_000, { isListed }));
      expect([badge.kind, badge.label]).toEqual(["offline", "Collector offline"]);
      expect(badge.detail).toContain("since the server started");
    }
  });

  it("does not claim that the server is responding before it has", () => {
    const detail = (respondedAt: number) => badgeOf(is("live"), receivedAt(1000), now(8_000, { respondedAt })).detail;
    expect(detail(1_100)).toBe("No samples are arriving.");
    expect(detail(7_000)).toContain("The server is responding");
  });
});
