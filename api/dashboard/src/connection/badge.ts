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

/**
 * What the badge says: the worst that is true.
 *
 * Staleness is judged by when samples arrived here, so that clocks that differ cannot make a live
 * host stale or a dead one live. `at` is monotonic and `wall` Unix time of the same moment, in ms.
 */
export function badgeOf(state: ConnectionState, host: HostData | null, at: number, wall: number): Badge {
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
  if (state.transport === "unknown") {
    return { kind: "unknown", label: "Unknown host", detail: state.problem ?? "The server does not know this host." };
  }
  if (host?.offlineSince != null) {
    const detail = `The collector of this host has stopped.${lastWords}`;
    return { kind: "offline", label: "Collector offline", detail };
  }
  if (host !== null && last !== null && at - last > STALE_INTERVALS * host.intervalMs) {
    const detail = `The server answers, but no sample has come since ${since}.`;
    return { kind: "stale", label: `Stale since ${since}`, detail };
  }
  if (state.transport === "polling") {
    const detail = "The live stream is not available; asking over HTTP until it is.";
    return { kind: "polling", label: "Polling", detail };
  }
  return { kind: "live", label: "Live", detail: "Samples arrive as they are taken." };
}
