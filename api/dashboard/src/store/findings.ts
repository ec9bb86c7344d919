import { type Finding, SEVERITIES } from "../bus/payload";

/** What the page has received about a host's findings. */
export interface FindingsState {
  /** The active findings, by channel. */
  readonly active: ReadonlyMap<string, Finding>;
  /** Whether `active` has all active findings: the server has listed them, and every change since then has arrived. */
  readonly isComplete: boolean;
  /** Why the findings cannot be read, as a sentence; null if they can be read. */
  readonly problem: string | null;
  /** The changes since the list was last requested, by channel; null for a finding that is over. */
  readonly changes: ReadonlyMap<string, Finding | null>;
}

export const NO_FINDINGS: FindingsState = { active: new Map(), isComplete: false, problem: null, changes: new Map() };

/** Record that the list is being requested. Changes that arrive from now on are kept, and applied to the response. */
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

/** Record that the stream has ended: changes may be missed from now on. */
export function interrupted(state: FindingsState): FindingsState {
  return { ...state, isComplete: false };
}

/** Record a finding that the stream has reported as active or over. */
export function reported(state: FindingsState, finding: Finding): FindingsState {
  return changed(state, finding.channel, finding.isOver ? null : finding);
}

/** Record that the broker no longer retains a channel's finding, which means that the finding is over. */
export function removed(state: FindingsState, channel: string): FindingsState {
  return state.active.has(channel) || channel.startsWith("system/findings/") ? changed(state, channel, null) : state;
}

/** The active findings, most severe first; within a severity, the newest first. */
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

/** The kind of a finding in words, such as `memory growth` or `idle GPU`. */
export function kindOf({ channel }: Finding): string {
  return (channel.split("/")[2] ?? "finding").replaceAll("_", " ").replace(/\bgpu\b/, "GPU");
}

export function withoutMuted(state: FindingsState, isMuted: (finding: Finding) => boolean): FindingsState {
  const active = new Map([...state.active].filter(([, finding]) => !isMuted(finding)));
  return active.size === state.active.size ? state : { ...state, active };
}

/** The id of the GPU that a finding's subject names, such as 3 in `gpu3-nvlink`; null if it names none. */
export function gpuOfSubject(subject: string): string | null {
  return /^gpu(\d{1,4})\b/.exec(subject)?.[1] ?? null;
}
