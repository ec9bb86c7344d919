import { clockMinutes, clockTime, date, momentTime } from "../text/time";

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
// Steps between the times on the axis; none of uPlot's own steps suits a span of five minutes.
export const STEPS = [
  ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200],
  ...[1, 2, 5, 7, 14, 30].map((days) => 86_400 * days),
].map((step) => step * SECOND);

/** How a chart formats times. */
export interface TimeScale {
  /** Whether the times are Unix times, rather than times since the start of a run. */
  readonly isClock: boolean;
  /** The label for a time on an axis whose labels are `step` ms apart. */
  onAxis(time: number, step: number): string;
  /** The text of a time, with seconds. */
  text(time: number, now: number): string;
  /** The text that screen readers read out as the time of the newest values. */
  readonly newest: string;
}

/**
 * The label for a Unix time: a date or a time of day.
 *
 * If the labels are at least a day apart, each label is a date. If they are at least an hour but less than a day apart,
 * the labels at midnight are dates. All other labels are times of day.
 */
function axisTime(time: number, step: number): string {
  if (step < MINUTE) return clockTime(time);
  const minutes = clockMinutes(time);
  return step >= DAY || (step >= HOUR && minutes === "00:00") ? date(time) : minutes;
}

/** The label for a time since the start of a run, such as `45 s`, `1:30 min`, `5 min`, `2:30 h` or `2 d 6 h`. */
function axisElapsed(time: number, step: number): string {
  if (time >= HOUR && step < MINUTE) return elapsed(time);
  if (time < MINUTE) return time === 0 ? "0" : `${time / SECOND} s`;
  if (time < HOUR) return inUnit(time, MINUTE, "min");
  if (time < 2 * DAY) return inUnit(time, HOUR, "h");
  const hours = Math.round((time % DAY) / HOUR);
  return `${Math.floor(time / DAY)} d${hours === 0 ? "" : ` ${hours} h`}`;
}

function inUnit(time: number, unit: number, name: string): string {
  const rest = Math.round((60 * (time % unit)) / unit);
  return `${Math.floor(time / unit)}${rest === 0 ? "" : `:${String(rest).padStart(2, "0")}`} ${name}`;
}

/** The time since the start of a run as text, such as `0:12:30`. */
function elapsed(time: number): string {
  const seconds = Math.round(time / SECOND);
  const [minute, second] = [Math.floor(seconds / 60) % 60, seconds % 60];
  return [Math.floor(seconds / 3600), ...[minute, second].map((part) => String(part).padStart(2, "0"))].join(":");
}

export const CLOCK: TimeScale = { isClock: true, onAxis: axisTime, text: momentTime, newest: "now" };
export const ELAPSED: TimeScale = { isClock: false, onAxis: axisElapsed, text: elapsed, newest: "at the end" };
