/** The length of a span that ends now, such as 15m, 6h or 7d. */
export type Range = string;

const MINUTE_MS = 60_000;
const UNITS = { m: MINUTE_MS, h: 60 * MINUTE_MS, d: 1_440 * MINUTE_MS } as const;
const WORDS = { m: "minute", h: "hour", d: "day" } as const;
const PATTERN = /^(\d{1,3})([mhd])$/;
const PRESETS: readonly Range[] = ["5m", "15m", "1h", "6h", "1d", "7d", "30d", "90d"];
/** The span of data that the page itself keeps, in ms, regardless of the server's retention. */
const OWN = UNITS.h;
const LONGEST = 366 * UNITS.d;
// The whole retention is offered as another range if it is more than this many times the longest preset.
const MUCH_MORE = 1.2;

/** The length of `range` in milliseconds; 0 if `range` is not valid or is longer than 366 days. */
export function rangeMs(range: Range): number {
  const { count, unit } = parse(range);
  const length = count * UNITS[unit];
  return length <= LONGEST ? length : 0;
}

/** `15 min`, `6 h`, `7 d`. */
export function rangeLabel(range: Range): string {
  const { count, unit } = parse(range);
  return `${count} ${unit === "m" ? "min" : unit}`;
}

/** `15 minutes`, `6 hours`, `hour`. */
export function rangeWords(range: Range): string {
  const { count, unit } = parse(range);
  return count === 1 ? WORDS[unit] : `${count} ${WORDS[unit]}s`;
}

/**
 * The ranges to offer if the history keeps data for `keptMs`. Ranges of up to an hour are always offered, because the
 * page itself keeps the last hour of data.
 */
export function rangesWithin(keptMs: number): Range[] {
  const offered = PRESETS.filter((range) => rangeMs(range) <= Math.max(keptMs, OWN));
  const longest = Math.max(...offered.map(rangeMs));
  if (keptMs <= MUCH_MORE * longest) return offered;
  const rest = keptMs >= UNITS.d ? `${Math.floor(keptMs / UNITS.d)}d` : `${Math.floor(keptMs / UNITS.h)}h`;
  return rangeMs(rest) > longest ? [...offered, rest] : offered;
}

interface Available {
  /** The time of the oldest data that the page keeps; null if this is not known yet or there is no data. */
  readonly oldest: number | null;
  /** The time of the newest data; null if there is no data. */
  readonly newest: number | null;
}

/**
 * The range to show first. It is the shortest range that shows all data of the last hour. If the newest data is older
 * than an hour, it is the shortest range that includes that data, or the longest range if none does.
 */
export function fittingRange({ oldest, newest }: Available, now: number, ranges: readonly Range[]): Range {
  const isRecent = newest === null || newest > now - OWN;
  const start = isRecent ? (oldest ?? -Infinity) : newest;
  const fits = ranges.find((range) => rangeMs(range) >= now - start);
  if (isRecent) return fits !== undefined && rangeMs(fits) < OWN ? fits : "1h";
  return fits ?? ranges.at(-1) ?? "1h";
}

function parse(range: Range): { count: number; unit: keyof typeof UNITS } {
  const [, count, unit] = PATTERN.exec(range) ?? [];
  return { count: Number(count ?? 0), unit: unit === "h" || unit === "d" ? unit : "m" };
}
