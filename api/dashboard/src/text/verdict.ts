import type { BadgeKind } from "../connection/badge";
import { type FindingsState, worstFirst } from "../store/findings";

export interface Verdict {
  /** `calm`: no finding is active. `attention`: one is that is not only worth knowing. */
  readonly kind: "calm" | "attention" | "info" | "unknown";
  readonly text: string;
}

/** One line about a host's findings. It never claims more than the server has reported. */
export function verdictOf(state: FindingsState, badge: BadgeKind): Verdict | null {
  const { problem, isComplete, active } = state;
  if (badge === "unknown") return null;
  const text = sentenceOf(state);
  if (active.size === 0 && !isComplete) {
    const reason = problem === null ? "Loading the findings." : `The findings cannot be read: ${problem}`;
    return { kind: "unknown", text: reason };
  }
  const isCurrent = isComplete && (badge === "live" || badge === "polling");
  const kind = attentionCount(state) > 0 ? "attention" : active.size > 0 ? "info" : "calm";
  if (isCurrent) return { kind, text };
  return {
    kind: kind === "calm" ? "unknown" : kind,
    text: `Last known: ${text.charAt(0).toLowerCase()}${text.slice(1)}`,
  };
}

/** How many findings are more than worth knowing. */
export function attentionCount(state: FindingsState): number {
  return worstFirst(state).filter(({ severity }) => severity !== "info").length;
}

function sentenceOf(state: FindingsState): string {
  const serious = attentionCount(state);
  if (serious > 0) return `${findings(serious)} ${serious === 1 ? "needs" : "need"} attention`;
  return state.active.size > 0 ? `${findings(state.active.size)} worth knowing` : "No findings";
}

function findings(count: number): string {
  return count === 1 ? "1 finding" : `${count} findings`;
}
