import type { Annotation, Run } from "../bus/moments";
import type { Finding } from "../bus/payload";

/** What happened on a host in a span of time. Each list is sorted by time and has the latest report of each entry. */
export interface Moments {
  readonly annotations: readonly Annotation[];
  readonly findings: readonly Finding[];
  readonly runs: readonly Run[];
}

export const NO_MOMENTS: Moments = { annotations: [], findings: [], runs: [] };

/** How many entries from the stream each list keeps; the oldest are discarded. */
export const MAX_LIVE = 300;

// If an annotation is published without a time, the server of this page and the ingester each add the time at which
// they received it. Two annotations with the same text and run are the same if their times differ by less than this.
const SAME_MS = 2_000;

/** Merge `listed` and `live`. Of a finding or run in both, keep the newer version; of an annotation, the listed one. */
export function combined(listed: Moments, live: Moments): Moments {
  const isKnown = (each: Annotation) => listed.annotations.some((other) => isSame(each, other));
  return {
    annotations: latest(
      listed.annotations,
      live.annotations.filter((each) => !isKnown(each)),
      annotationKey,
      atTime,
    ),
    findings: latest(listed.findings, live.findings, findingKey, ({ since }) => since),
    runs: latest(listed.runs, live.runs, runKey, ({ started }) => started),
  };
}

/** Merge `more` into `live`, and keep only the newest `MAX_LIVE` entries of each list. */
export function withLive(live: Moments, more: Partial<Moments>): Moments {
  const { annotations, findings, runs } = combined(live, { ...NO_MOMENTS, ...more });
  return {
    annotations: annotations.slice(-MAX_LIVE),
    findings: findings.slice(-MAX_LIVE),
    runs: runs.slice(-MAX_LIVE),
  };
}

export function runKey({ host, id }: Run): string {
  return `${host} ${id}`;
}

function annotationKey({ host, id }: Annotation): string {
  return `${host} ${id}`;
}

function findingKey({ channel, since }: Finding): string {
  return `${channel} ${since}`;
}

function atTime({ timestamp }: { readonly timestamp: number }): number {
  return timestamp;
}

function isSame(one: Annotation, other: Annotation): boolean {
  if (one.id === other.id || one.text !== other.text) return one.id === other.id;
  return one.run === other.run && Math.abs(one.timestamp - other.timestamp) < SAME_MS;
}

function latest<T extends { readonly timestamp: number }>(
  listed: readonly T[],
  live: readonly T[],
  keyOf: (entry: T) => string,
  order: (entry: T) => number,
): T[] {
  const found = new Map(listed.map((entry) => [keyOf(entry), entry]));
  for (const entry of live) {
    const known = found.get(keyOf(entry));
    if (!known || entry.timestamp > known.timestamp) found.set(keyOf(entry), entry);
  }
  return [...found.values()].sort((one, other) => order(one) - order(other));
}
