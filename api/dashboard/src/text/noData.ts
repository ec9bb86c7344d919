import type { BadgeKind } from "../connection/badge";
import { dateAndTime, duration } from "./time";

// A shorter silence is not worth a headline.
const BRIEF_MS = 10_000;
const SILENT: readonly BadgeKind[] = ["stale", "offline", "reconnecting"];

export interface NoData {
  /** `No data for 4 min`. */
  readonly headline: string;
  /** `since 28 Nov, 23:21:48`. */
  readonly since: string;
}

/** How long no sample has arrived, and since when; null while samples arrive, or if no sample has ever arrived. */
export function noDataOf(badge: BadgeKind, silentMs: number | null, wall: number): NoData | null {
  if (silentMs === null || silentMs < BRIEF_MS || !SILENT.includes(badge)) return null;
  return { headline: `No data for ${duration(silentMs)}`, since: `since ${dateAndTime(wall - silentMs)}` };
}
