import type { Run } from "../bus/moments";
import { numberOf, textsOf } from "../bus/payload";
import { runEnd } from "./moments";
import { energy, percent, size } from "./numbers";
import { duration } from "./time";

/** How long a run took, or has taken so far. */
export function runDuration(run: Run, now: number): string {
  return duration(runEnd(run, now) - run.started);
}

/** The fields of a run's summary, each with its label and format. */
export const SUMMARY: readonly (readonly [name: string, label: string, format: (value: number) => string])[] = [
  ["gpu_hours", "GPU hours", (value) => value.toFixed(2)],
  ["gpu_utilization_mean", "GPU utilization, mean", percent],
  ["gpu_memory_peak", "GPU memory, peak", size],
  ["energy_joules", "GPU energy", energy],
  ["throttled_share", "GPUs slowed down", (value) => `${percent(value)} of the time`],
  ["idle_held_share", "GPUs held but idle", (value) => `${percent(value)} of the time`],
  ["cpu_seconds", "CPU time", (value) => duration(1000 * value)],
  ["ram_peak", "RAM, peak", size],
  ["read_bytes", "Read from storage", size],
  ["written_bytes", "Written to storage", size],
];

export interface SummaryRow {
  readonly name: string;
  readonly label: string;
  readonly text: string;
  /** Whether the value covers whole GPUs or the whole machine, not only the run's processes. */
  readonly isShared: boolean;
}

/** The resources that a run used, as far as they are known. */
export function summaryRows({ summary }: Run): SummaryRow[] {
  const shared = textsOf(summary.whole_machine);
  return SUMMARY.flatMap(([name, label, format]) => {
    const value = numberOf(summary[name]);
    return value === null ? [] : [{ name, label, text: format(value), isShared: shared.includes(name) }];
  });
}
