import type { AnnotationEntry, AnnotationsResponse, RunEntry, RunsResponse } from "./contract";
import { isObject, numberOf, received, shortened, textOf, textsOf, type Values } from "./payload";

/**
 * A moment that a user or a program has marked.
 *
 * `timestamp` is in Unix ms. The text and tags are untrusted, since any program can publish an annotation.
 */
export interface Annotation {
  readonly id: string;
  readonly timestamp: number;
  /** The host that the annotation is about; null if it is about all hosts. */
  readonly host: string | null;
  readonly text: string;
  readonly tags: readonly string[];
  /** The name or id of the run that the annotation belongs to; null if there is none. */
  readonly run: string | null;
}

/** A run. Unknown details are null or empty. Times are in Unix ms. */
export interface Run {
  readonly id: string;
  readonly host: string;
  /** When the run's state last changed. */
  readonly timestamp: number;
  readonly name: string;
  readonly tags: readonly string[];
  readonly user: string | null;
  readonly command: string | null;
  readonly gpus: readonly string[];
  readonly started: number;
  /** When the run ended; null if it is under way or its end is unknown. */
  readonly ended: number | null;
  /** Whether the run is lost: its end is not known, and its host is silent or no longer reports the run. */
  readonly isLost: boolean;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly summary: Values;
}

/**
 * One page of a list of runs, newest first.
 *
 * `next` is the value of the parameter `end` that selects the next page; null if this is the last page.
 */
export interface RunsPage {
  readonly runs: readonly Run[];
  readonly next: number | null;
}

export const RUNS = "system/runs/";

export function annotationOf(data: unknown): Annotation | null {
  const entry = received<AnnotationEntry>(data);
  const [id, text, timestamp] = [textOf(entry?.id), textOf(entry?.text), numberOf(entry?.timestamp)];
  if (id === null || text === null || timestamp === null) return null;
  const { host, tags, run } = entry ?? {};
  return { id, timestamp, host: textOf(host), text: shortened(text), tags: textsOf(tags), run: textOf(run) };
}

/** The annotations, oldest first; null if the response is not a list of annotations. */
export function annotationsOf(body: unknown): Annotation[] | null {
  const response = received<AnnotationsResponse>(body);
  return Array.isArray(response?.annotations)
    ? response.annotations.flatMap((entry) => annotationOf(entry) ?? [])
    : null;
}

export function runOf(data: unknown): Run | null {
  const entry = received<RunEntry>(data);
  const [id, host, started] = [textOf(entry?.id), textOf(entry?.host), numberOf(entry?.started)];
  if (!entry || id === null || host === null || started === null) return null;
  return {
    id,
    host,
    timestamp: numberOf(entry.timestamp) ?? started,
    name: shortened(textOf(entry.name) ?? id),
    tags: textsOf(entry.tags),
    user: textOf(entry.user),
    command: textOf(entry.command),
    gpus: textsOf(entry.gpus),
    started,
    ended: numberOf(entry.ended),
    isLost: entry.state === "lost",
    exitCode: numberOf(entry.exit_code),
    signal: textOf(entry.signal),
    summary: isObject(entry.summary) ? entry.summary : {},
  };
}

/** A page of runs; null if the response has no list of runs. */
export function runsOf(body: unknown): RunsPage | null {
  const response = received<RunsResponse>(body);
  if (!Array.isArray(response?.runs)) return null;
  return { runs: response.runs.flatMap((entry) => runOf(entry) ?? []), next: numberOf(response.next) };
}
