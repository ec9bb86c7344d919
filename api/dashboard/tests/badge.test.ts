import { describe, expect, it } from "vitest";
import { badgeOf, type Evidence } from "../src/connection/badge";
import type { ConnectionState, Transport } from "../src/connection/connection";
import { HostData } from "../src/store/host";
import { clockTime } from "../src/text/time";

const WALL = 1_800_000_000_000;

function heardAt(at: number, timestamp = WALL): HostData {
  const host = new HostData("h");
  const sample = { host: "h", channel: "system/memory", timestamp, values: {} };
  host.accept(sample, { at, wall: WALL + at, age: "live" });
  return host;
}

function now(at: number, others: Partial<Evidence> = {}): Evidence {
  return { at, wall: WALL + at, answeredAt: at, isListed: false, ...others };
}

const is = (transport: Transport, problem: string | null = null): ConnectionState => ({ transport, problem });

describe("the badge", () => {
  it("is live while samples arrive, whatever the collector's clock shows", () => {
    expect(badgeOf(is("live"), heardAt(1000, 5), now(2000)).kind).toBe("live");
  });

  it("is stale after three intervals without a sample, since the last one came", () => {
    const badge = badgeOf(is("live"), heardAt(1000), now(7_001));
    expect(badge.label).toBe(`Stale since ${clockTime(WALL + 1000)}`);
    expect(badgeOf(is("live"), heardAt(1000), now(7_000)).kind).toBe("live");
  });

  it("is stale when polling brings nothing new", () => {
    expect(badgeOf(is("polling"), heardAt(0), now(60_000)).kind).toBe("stale");
    expect(badgeOf(is("polling"), heardAt(0), now(1_000)).kind).toBe("polling");
  });

  it("says that the collector is offline rather than that samples are stale", () => {
    const host = heardAt(0);
    const status = { host: "h", version: null, started: null, interval: 2, sensors: {} };
    host.acceptStatus({ ...status, state: "offline" }, 500);
    expect(badgeOf(is("live"), host, now(60_000)).label).toBe("Collector offline");
  });

  it("says first that the server does not answer, and why", () => {
    const badge = badgeOf(is("reconnecting", "The server does not answer."), heardAt(0), now(60_000));
    expect(badge.label).toBe("Reconnecting");
    expect(badge.detail).toContain("The server does not answer.");
    expect(badge.detail).toContain(clockTime(WALL));
  });

  it("does not call a host that the server does not know a lost connection", () => {
    const badge = badgeOf(is("unknown", "No host 'x' has been heard of."), new HostData("x"), now(0));
    expect([badge.kind, badge.label]).toEqual(["unknown", "Unknown host"]);
  });

  it("does not say live before anything answered", () => {
    expect(badgeOf(is("connecting"), null, now(0)).kind).toBe("connecting");
  });

  it("calls a known host of which a new server has not heard offline, never unknown", () => {
    const unknown = is("unknown", "No host 'h' has been heard of.");
    for (const [host, isListed] of [[heardAt(0), false], [new HostData("h"), true]] as const) {
      const badge = badgeOf(unknown, host, now(60_000, { isListed }));
      expect([badge.kind, badge.label]).toEqual(["offline", "Collector offline"]);
      expect(badge.detail).toContain("since it started");
    }
  });

  it("does not claim that the server answers before it has", () => {
    const detail = (answeredAt: number) => badgeOf(is("live"), heardAt(1000), now(8_000, { answeredAt })).detail;
    expect(detail(1_100)).toBe(`No sample has come since ${clockTime(WALL + 1000)}.`);
    expect(detail(7_000)).toContain("The server answers");
  });
});
