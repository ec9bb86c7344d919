import type { BadgeKind } from "../connection/badge";
import { type FindingsState, gpuOfSubject, worstFirst } from "../store/findings";

export interface Verdict {
  /**
   * `calm`: no finding is active. `info`: all active findings are of severity `info`. `attention`: at least one active
   * finding is of severity `warning` or `critical`. `unknown`: it is not known whether any finding is active.
   */
  readonly kind: "calm" | "attention" | "info" | "unknown";
  readonly text: string;
}

interface Context {
  readonly badge: BadgeKind;
  /** How many GPUs the host has. */
  readonly gpus?: number;
  /** The number of muted findings; the `FindingsState` does not contain them. */
  readonly muted?: number;
}

/**
 * One line about a host's findings; null for an unknown host.
 *
 * If the findings may be out of date, the line begins with `Last known`, or says why no findings are known.
 */
export function verdictOf(state: FindingsState, { badge, gpus = 0, muted = 0 }: Context): Verdict | null {
  const { problem, isComplete, active } = state;
  if (badge === "unknown") return null;
  const text = `${sentenceOf(state, gpus)}${muted > 0 ? `, ${muted} muted` : ""}`;
  if (active.size === 0 && !isComplete) {
    return { kind: "unknown", text: reasonOf(problem, badge) };
  }
  const isCurrent = isComplete && (badge === "live" || badge === "polling");
  const kind = attentionCount(state) > 0 ? "attention" : active.size > 0 ? "info" : "calm";
  if (isCurrent) return { kind, text };
  return {
    kind: kind === "calm" ? "unknown" : kind,
    text: `Last known: ${text.charAt(0).toLowerCase()}${text.slice(1)}`,
  };
}

/** Why the findings are unknown. */
function reasonOf(problem: string | null, badge: BadgeKind): string {
  if (badge === "reconnecting") return "Findings unavailable. Retrying.";
  return problem === null ? "Loading the findings." : `The findings cannot be read: ${problem} Retrying.`;
}

/** The number of active findings of severity `warning` or `critical`. */
export function attentionCount(state: FindingsState): number {
  return worstFirst(state).filter(({ severity }) => severity !== "info").length;
}

function sentenceOf(state: FindingsState, gpus: number): string {
  const serious = attentionCount(state);
  const affected = worstFirst(state)
    .filter(({ severity }) => severity !== "info")
    .map(({ subject }) => gpuOfSubject(subject));
  const count = new Set(affected).size;
  if (count > 0 && gpus > 1 && !affected.includes(null)) {
    return `${count} of ${gpus} GPUs ${count === 1 ? "needs" : "need"} attention`;
  }
  if (serious > 0) return `${findings(serious)} ${serious === 1 ? "needs" : "need"} attention`;
  return state.active.size > 0 ? `${findings(state.active.size)} worth knowing` : "No findings";
}

function findings(count: number): string {
  return count === 1 ? "1 finding" : `${count} findings`;
}
