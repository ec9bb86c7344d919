const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const MINUTES = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DATE = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

const FULL = new Intl.DateTimeFormat("en-GB", {
  ...{ day: "numeric", month: "short", year: "numeric" },
  ...{ hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short" },
});

/** `28 Nov 2026, 14:05:03 GMT+1`: the time in the user's time zone, with the name of the time zone. */
export function fullTime(wall: number): string {
  return FULL.format(wall);
}

const MINUTE_OF_DAY = new Intl.DateTimeFormat("en-GB", {
  ...{ day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" },
});
const LONG_MS = 300_000;

/** `28 Nov 2026, 14:05–15:05 UTC`: a span, with both dates if they differ. A span under 5 minutes includes seconds. */
export function fullSpan({ from, to }: { readonly from: number; readonly to: number }): string {
  const format = to - from >= LONG_MS ? MINUTE_OF_DAY : FULL;
  return format.formatRange(from, to);
}

/** HH:MM:SS in the user's time zone. */
export function clockTime(wall: number): string {
  return CLOCK.format(wall);
}

/** HH:MM in the user's time zone. */
export function clockMinutes(wall: number): string {
  return MINUTES.format(wall);
}

/** `28 Nov`, in the user's time zone. */
export function date(wall: number): string {
  return DATE.format(wall);
}

/** `28 Nov, 23:21:48`, in the user's time zone. */
export function dateAndTime(wall: number): string {
  return `${date(wall)}, ${clockTime(wall)}`;
}

/** HH:MM:SS, preceded by the date if `now` is on another date. */
export function momentTime(wall: number, now: number): string {
  const day = date(wall);
  return day === date(now) ? clockTime(wall) : `${day} ${clockTime(wall)}`;
}

/**
 * A span such as `23:10:05–23:20:00`.
 *
 * A shared date is written only once; the date of `now` is left out.
 */
export function spanTime({ from, to }: { readonly from: number; readonly to: number }, now: number): string {
  const end = date(from) === date(to) ? clockTime(to) : momentTime(to, now);
  return `${momentTime(from, now)}–${end}`;
}

/** A duration in one or two units: 45 s, 12 min, 3 h 5 min, 2 d 4 h. The second unit is omitted if it is 0. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return inTwo(hours, "h", minutes % 60, "min");
  return inTwo(Math.floor(hours / 24), "d", hours % 24, "h");
}

function inTwo(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}
