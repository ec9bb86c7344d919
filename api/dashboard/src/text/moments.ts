import type { Annotation, Run } from "../bus/moments";
import { type Finding, numberOf } from "../bus/payload";

/** The state of a run, or how it ended, such as `running`, `exit code 0` or `ended by SIGKILL`. */
export function runState({ ended, exitCode, isLost, signal }: Run): string {
  if (isLost) return "end not known";
  if (ended === null) return "running";
  if (signal !== null) return `ended by ${signal}`;
  return exitCode === null ? "ended" : `exit code ${exitCode}`;
}

/** A symbol for a run's state, so that the state is not shown by colour alone. */
export function runSign(run: Run): string {
  if (run.isLost) return "?";
  if (run.ended === null) return "●";
  return hasFailed(run) ? "✕" : "✓";
}

export function hasFailed({ exitCode, signal }: Run): boolean {
  return signal !== null || (exitCode !== null && exitCode !== 0);
}

/** When a run ended; `now` if it has not ended yet. If its end is unknown, when the run was last reported. */
export function runEnd({ ended, isLost, started, summary }: Run, now: number): number {
  const reported = started + 1000 * (numberOf(summary.duration) ?? 0);
  return ended ?? (isLost ? reported : now);
}

export function runLine(run: Run): string {
  return `${runSign(run)} ${run.name}, ${runState(run)}`;
}

export function annotationLine({ text, tags }: Annotation): string {
  return tags.length > 0 ? `${text} (${tags.join(", ")})` : text;
}

export function findingLine({ ended, summary }: Finding): string {
  return ended === null ? summary : `${summary} (over)`;
}

/** `3 annotations, 1 run, 2 findings`. */
export function counted(counts: { readonly [noun: string]: number }): string {
  const parts = Object.entries(counts).filter(([, count]) => count > 0);
  return parts.map(([noun, count]) => `${count} ${noun}${count === 1 ? "" : "s"}`).join(", ");
}
