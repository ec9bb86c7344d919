import type { HostData } from "../store/host";
import { STALE_INTERVALS } from "../store/host";
import { momentTime } from "../text/time";
import type { ConnectionState } from "./connection";

export type BadgeKind = "connecting" | "live" | "polling" | "reconnecting" | "stale" | "offline" | "unknown";

export interface Badge {
  readonly kind: BadgeKind;
  readonly label: string;
  readonly detail: string;
}

/** What the connection badge depends on, besides the state of the connection and the host's data. */
export interface BadgeContext {
  /** The current time in ms: `at` is monotonic, `wall` is Unix time. */
  readonly at: number;
  readonly wall: number;
  /** When /metrics last responded without an error, by the monotonic clock. */
  readonly respondedAt: number;
  /** Whether the host is in the server's list of hosts, which includes hosts that are only in the history. */
  readonly isListed: boolean;
}

// If the server has responded this many intervals after the last sample arrived, the host is silent, not the server.
const RESPONDED_INTERVALS = 1.5;

/**
 * The badge for the worst condition that currently applies.
 *
 * Whether a host is stale depends on when its samples arrived in the browser, not on their timestamps. A wrong clock
 * therefore cannot make a live host look stale, or a dead host look live.
 */
export function badgeOf(
  state: ConnectionState,
  host: HostData | null,
  { at, wall, respondedAt, isListed }: BadgeContext,
): Badge {
  const last = host?.lastArrival ?? null;
  if (state.mode === "reconnecting") {
    const detail = `${state.problem ?? "The server is not responding."} Retrying.`;
    return { kind: "reconnecting", label: "Reconnecting", detail };
  }
  if (state.mode === "connecting") {
    return { kind: "connecting", label: "Connecting", detail: state.problem ?? "Connecting to the server." };
  }
  if (state.mode === "unknown" && (isListed || (host?.newestTimestamp ?? null) !== null)) {
    const detail =
      "The server has received nothing from this host since the server started. Its collector has stopped or cannot reach the broker.";
    return { kind: "offline", label: "Collector offline", detail };
  }
  if (state.mode === "unknown") {
    return { kind: "unknown", label: "Unknown host", detail: state.problem ?? "The server does not know this host." };
  }
  if (host?.offlineSince != null) {
    return { kind: "offline", label: "Collector offline", detail: "The collector on this host has stopped." };
  }
  if (host !== null && last !== null && at - last > STALE_INTERVALS * host.intervalMs) {
    const isResponding = respondedAt - last > RESPONDED_INTERVALS * host.intervalMs;
    const detail = isResponding
      ? "The server is responding, but receives no samples from this host."
      : "No samples are arriving.";
    return { kind: "stale", label: `Stale since ${momentTime(wall - (at - last), wall)}`, detail };
  }
  if (state.mode === "polling") {
    const detail = "The live stream is unavailable. The page polls over HTTP until the stream is back.";
    return { kind: "polling", label: "Polling", detail };
  }
  return { kind: "live", label: "Live", detail: "Samples are streamed as they are collected." };
}
