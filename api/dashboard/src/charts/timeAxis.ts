import { clockMinutes, clockTime, date } from "../text/time";

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
// Steps between the times on the axis; uPlot's own have none that suit five minutes.
export const STEPS = [
  ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200],
  ...[1, 2, 5, 7, 14, 30].map((days) => 86_400 * days),
].map((step) => step * SECOND);

/** A time on the axis: the date at midnight, and where the steps are days. */
export function axisTime(time: number, step: number): string {
  if (step < MINUTE) return clockTime(time);
  const minutes = clockMinutes(time);
  return step >= DAY || (step >= HOUR && minutes === "00:00") ? date(time) : minutes;
}
