/**
 * To what degree tasks wait for a resource. `calm`: tasks rarely or never wait. `info`: tasks wait, but this is not a
 * problem. `note`: the waiting might become a problem. `alarm`: the waiting is a problem.
 */
export interface Pressure {
  readonly kind: "calm" | "info" | "note" | "alarm";
  readonly word: string;
}

type Maybe = number | null;

const CALM = 1;
const BUSY = { utilization: 80, note: 25, alarm: 60 };
const MEMORY = { some: 10, full: 3, alarm: 10 };

const NONE: Pressure = { kind: "calm", word: "none" };
const SOME: Pressure = { kind: "info", word: "some" };
const RAISED: Pressure = { kind: "note", word: "raised" };
const HIGH: Pressure = { kind: "alarm", word: "high" };

/**
 * The CPU pressure; null if `some` is null. `some` is the percentage of time in which at least one task waits for a
 * core.
 *
 * Tasks sometimes wait for a core even while other cores are free, so waiting is a problem only if the cores are busy.
 */
export function cpuPressure(some: Maybe, utilization: Maybe): Pressure | null {
  if (some === null) return null;
  const isBusy = (utilization ?? 0) >= BUSY.utilization;
  if (isBusy && some >= BUSY.alarm) return HIGH;
  if (isBusy && some >= BUSY.note) return RAISED;
  return some < CALM ? NONE : SOME;
}

/**
 * The memory pressure; null if both `some` and `full` are null. `some` is the percentage of time in which at least one
 * task waits for memory. `full` is the percentage of time in which all tasks that have work wait for memory, so nothing
 * is computed.
 */
export function memoryPressure(some: Maybe, full: Maybe): Pressure | null {
  if (some === null && full === null) return null;
  if ((full ?? 0) >= MEMORY.alarm) return HIGH;
  if ((some ?? 0) >= MEMORY.some || (full ?? 0) >= MEMORY.full) return RAISED;
  return (some ?? 0) < CALM ? NONE : SOME;
}
