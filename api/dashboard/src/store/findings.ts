import { type Finding, SEVERITIES } from "../bus/payload";

/** What is known of a host's findings. */
export interface FindingsState {
  /** The active ones, by channel. */
  readonly active: ReadonlyMap<string, Finding>;
  /** Whether these are all: the server has listed them, and each change since then has arrived. */
  readonly isComplete: boolean;
  /** Why they cannot be read, as a sentence. */
  readonly problem: string | null;
  /** The changes since the list was requested, by channel; null for one that is over. */
  readonly changes: ReadonlyMap<string, Finding | null>;
}

export const NO_FINDINGS: FindingsState = { active: new Map(), isComplete: false, problem: null, changes: new Map() };

/** The list is being requested: it may be older than the changes that arrive from now on. */
export function requested(state: FindingsState): FindingsState {
  return { ...state, changes: new Map() };
}

export function listed(state: FindingsState, findings: readonly Finding[]): FindingsState {
  const active = new Map(findings.filter(({ isOver }) => !isOver).map((finding) => [finding.channel, finding]));
  for (const [channel, finding] of state.changes) apply(active, channel, finding);
  return { active, isComplete: true, problem: null, changes: new Map() };
}

export function failed(state: FindingsState, problem: string): FindingsState {
  return { ...state, isComplete: false, problem };
}

/** The stream has ended: changes may be missed from now on. */
export function interrupted(state: FindingsState): FindingsState {
  return { ...state, isComplete: false };
}

/** A finding was reported, or is over. */
export function reported(state: FindingsState, finding: Finding): FindingsState {
  return changed(state, finding.channel, finding.isOver ? null : finding);
}

/** The broker no longer retains the finding of a channel. */
export function removed(state: FindingsState, channel: string): FindingsState {
  return state.active.has(channel) || channel.startsWith("system/findings/") ? changed(state, channel, null) : state;
}

/** The active findings, the most severe first; of the same severity, the newest first. */
export function worstFirst({ active }: FindingsState): Finding[] {
  const rank = ({ severity }: Finding) => SEVERITIES.indexOf(severity);
  return [...active.values()].sort((a, b) => rank(b) - rank(a) || b.since - a.since);
}

function changed(state: FindingsState, channel: string, finding: Finding | null): FindingsState {
  const active = new Map(state.active);
  apply(active, channel, finding);
  return { ...state, active, changes: new Map(state.changes).set(channel, finding) };
}

function apply(active: Map<string, Finding>, channel: string, finding: Finding | null): void {
  if (finding) active.set(channel, finding);
  else active.delete(channel);
}

/** The kind of a finding, as words: `memory growth`, `idle GPU`. */
export function kindOf({ channel }: Finding): string {
  return (channel.split("/")[2] ?? "finding").replaceAll("_", " ").replace(/\bgpu\b/, "GPU");
}

export function withoutMuted(state: FindingsState, isMuted: (finding: Finding) => boolean): FindingsState {
  const active = new Map([...state.active].filter(([, finding]) => !isMuted(finding)));
  return active.size === state.active.size ? state : { ...state, active };
}

/** The id of the GPU that a finding's subject names, as in `gpu3` or `gpu3-nvlink`; null if it is about something else. */
export function gpuOfSubject(subject: string): string | null {
  return /^gpu(\d{1,4})\b/.exec(subject)?.[1] ?? null;
}
