import type { HostData } from "../store/host";
import { STALE_INTERVALS } from "../store/host";
import { clockTime } from "../text/time";
import type { ConnectionState } from "./connection";

export type BadgeKind = "connecting" | "live" | "polling" | "reconnecting" | "stale" | "offline" | "unknown";

export interface Badge {
  readonly kind: BadgeKind;
  readonly label: string;
  readonly detail: string;
}

/** What the badge is judged by, beside the connection and the data. */
export interface Evidence {
  /** Now, monotonic and as Unix time, in ms. */
  readonly at: number;
  readonly wall: number;
  /** When the server answered over HTTP last, monotonic. */
  readonly answeredAt: number;
  /** Whether the server lists the host among those of its history. */
  readonly isListed: boolean;
}

// An answer that came so much later than the last sample says that the server is not what is silent.
const ANSWERED_INTERVALS = 1.5;

/**
 * What the badge says: the worst that is true.
 *
 * Staleness is judged by when samples arrived here, so that clocks that differ cannot make a live
 * host stale or a dead one live.
 */
export function badgeOf(state: ConnectionState, host: HostData | null, { at, wall, answeredAt, isListed }: Evidence): Badge {
  const last = host?.lastArrival ?? null;
  const since = last === null ? null : clockTime(wall - (at - last));
  const lastWords = since === null ? "" : ` The last sample came at ${since}.`;
  if (state.transport === "reconnecting") {
    const detail = `${state.problem ?? "The server does not answer."}${lastWords} Trying again.`;
    return { kind: "reconnecting", label: "Reconnecting", detail };
  }
  if (state.transport === "connecting") {
    return { kind: "connecting", label: "Connecting", detail: state.problem ?? "Connecting to the server." };
  }
  if (state.transport === "unknown" && (isListed || (host?.newestTimestamp ?? null) !== null)) {
    const detail = `The server has heard nothing of this host since it started: its collector has stopped, or does not reach the broker.${lastWords}`;
    return { kind: "offline", label: "Collector offline", detail };
  }
  if (state.transport === "unknown") {
    return { kind: "unknown", label: "Unknown host", detail: state.problem ?? "The server does not know this host." };
  }
  if (host?.offlineSince != null) {
    const detail = `The collector of this host has stopped.${lastWords}`;
    return { kind: "offline", label: "Collector offline", detail };
  }
  if (host !== null && last !== null && at - last > STALE_INTERVALS * host.intervalMs) {
    const answers = answeredAt - last > ANSWERED_INTERVALS * host.intervalMs;
    const detail = answers ? `The server answers, but no sample has come since ${since}.` : `No sample has come since ${since}.`;
    return { kind: "stale", label: `Stale since ${since}`, detail };
  }
  if (state.transport === "polling") {
    const detail = "The live stream is not available; asking over HTTP until it is.";
    return { kind: "polling", label: "Polling", detail };
  }
  return { kind: "live", label: "Live", detail: "Samples arrive as they are taken." };
}
