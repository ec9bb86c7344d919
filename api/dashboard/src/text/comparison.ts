import type { Run } from "../bus/moments";
import { numberOf, textsOf } from "../bus/payload";
import { runEnd } from "./moments";
import { DASH, percent } from "./numbers";
import { SUMMARY } from "./runs";
import { duration, fullTime } from "./time";

/** One row of the side-by-side comparison of two runs. */
export interface ComparedRow {
  readonly name: string;
  readonly label: string;
  readonly texts: readonly string[];
  /** By how much the second run's value differs from the first run's; empty unless both are numbers. */
  readonly difference: string;
  /** Whether any value in the row covers whole GPUs or the whole machine, not only the run's processes. */
  readonly isShared: boolean;
}

type Format = (value: number) => string;

/** The rows that compare two runs. A row is left out if neither run has a value for it. */
export function comparedRows(runs: readonly [Run, Run], now: number): ComparedRow[] {
  const took = runs.map((run) => runEnd(run, now) - run.started);
  return [
    numbers("duration", "Took", took, duration),
    ...SUMMARY.map(([name, label, format]) =>
      numbers(
        name,
        label,
        runs.map(({ summary }) => numberOf(summary[name])),
        format,
        runs.some(({ summary }) => textsOf(summary.whole_machine).includes(name)),
      ),
    ),
    texts("began", "Began", runs, ({ started }) => fullTime(started)),
    texts("host", "Host", runs, ({ host }) => host),
    texts("user", "User", runs, ({ user }) => user),
    texts("command", "Command", runs, ({ command }) => command),
    texts("gpus", "GPUs", runs, ({ gpus }) => gpus.join(", ")),
    texts("tags", "Tags", runs, ({ tags }) => tags.join(", ")),
  ].filter((row) => row.texts.some((text) => text !== DASH));
}

/**
 * The difference as text, such as `+12 min (+9%)` or `same`; empty if either value is unknown.
 *
 * The difference between two percentages is in percentage points, such as `−3 points`.
 */
export function differenceOf(first: number | null, second: number | null, format: Format): string {
  if (first === null || second === null) return "";
  if (format(first) === format(second)) return "same";
  const by = Math.abs(second - first);
  const sign = second > first ? "+" : "−";
  if (format(1).startsWith(percent(1))) return `${sign}${Math.max(1, Math.round(by))} points`;
  const share = first > 0 ? ` (${sign}${percent((100 * by) / first)})` : "";
  return `${sign}${format(by)}${share}`;
}

function numbers(
  name: string,
  label: string,
  values: readonly (number | null)[],
  format: Format,
  isShared = false,
): ComparedRow {
  const texts = values.map((value) => (value === null ? DASH : format(value)));
  const [first = null, second = null] = values;
  return { name, label, texts, difference: differenceOf(first, second, format), isShared };
}

function texts(name: string, label: string, runs: readonly Run[], read: (run: Run) => string | null): ComparedRow {
  return { name, label, texts: runs.map((run) => read(run) || DASH), difference: "", isShared: false };
}
