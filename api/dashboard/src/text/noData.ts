import type { BadgeKind } from "../connection/badge";
import { dateAndTime, duration } from "./time";

// A shorter silence is not worth a headline.
const BRIEF_MS = 10_000;
const SILENT: readonly BadgeKind[] = ["stale", "offline", "reconnecting"];

export interface NoData {
  /** How long the silence has lasted: `No data for 4 min`. */
  readonly headline: string;
  /** When the silence began: `since 28 Nov, 23:21:48`. */
  readonly since: string;
}

/**
 * The texts shown for a host whose samples no longer arrive.
 *
 * Null while samples arrive, during a silence of less than 10 s, or if no sample has ever arrived.
 */
export function noDataOf(badge: BadgeKind, silentMs: number | null, wall: number): NoData | null {
  if (silentMs === null || silentMs < BRIEF_MS || !SILENT.includes(badge)) return null;
  return { headline: `No data for ${duration(silentMs)}`, since: `since ${dateAndTime(wall - silentMs)}` };
}
