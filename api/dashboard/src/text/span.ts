import type { HostData } from "../store/host";
import type { Span } from "../view/view";
import { duration, momentTime, spanTime } from "./time";

interface Context {
  readonly now: number;
  /** How long the history keeps data, in ms; null if unknown. */
  readonly keptMs: number | null;
  /** The charts' data; null until it has arrived. */
  readonly data: HostData | null;
}

/** Why a part of the span has no data in the charts, as a sentence; null if nothing is known to be missing. */
export function missingInSpan(span: Span, { now, keptMs, data }: Context): string | null {
  if (keptMs !== null && span.from < now - Math.max(keptMs, 1)) {
    const kept = `The history keeps ${duration(keptMs)}`;
    const first = momentTime(now - keptMs, now);
    if (span.isFixed && span.to <= now - keptMs)
      return `The data of ${spanTime(span, now)} has expired. ${kept}, so it begins at ${first}.`;
    return `${kept}: the data from before ${first} has expired.`;
  }
  if (!span.isFixed || data === null || hasData(data, span)) return null;
  return `This host has no data between ${spanTime(span, now).replace("–", " and ")}.`;
}

function hasData(data: HostData, { from, to }: Span): boolean {
  for (const series of data.series.values()) {
    const index = Math.max(series.indexFrom(from) - 1, 0);
    for (let at = index; at < series.length && series.times[at]! <= to; at += 1) {
      if (series.times[at]! + series.widths[at]! >= from) return true;
    }
  }
  return false;
}
