import { logIn } from "../session";
import { HISTORY_FIELDS } from "../store/columns";
import type { Moments } from "../store/moments";
import type { ErrorDetail, ErrorResponse } from "./contract";
import { type Annotation, annotationOf, annotationsOf, type Run, type RunsPage, runOf, runsOf } from "./moments";
import { type GlancedHost, overviewOf } from "./overview";
import { type Finding, received, textOf } from "./payload";
import {
  findingsOf,
  type HistoryResult,
  type HostsResult,
  historyOf,
  hostsOf,
  type MetricsResult,
  metricsOf,
} from "./responses";

// The path is relative to the page, so requests also work if a reverse proxy serves the page under a longer path.
const PREFIX = "api/v1/system";
const TIMEOUT_MS = 10_000;
const NOT_FOUND = 404;

/**
 * A failed request; the message is a sentence for the user.
 *
 * `status` is the HTTP status of the error response; 0 if the response was missing or in an unexpected format.
 */
export class RequestFailed extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

/** Whether a request failed because the server does not know the host. */
export function isUnknownHost(error: unknown): boolean {
  return error instanceof RequestFailed && error.status === NOT_FOUND;
}

export async function fetchMetrics(host: string | null, signal?: AbortSignal): Promise<MetricsResult> {
  return required(metricsOf(await request("metrics", host ? [["host", host]] : [], signal)));
}

export async function fetchHosts(signal?: AbortSignal): Promise<HostsResult> {
  return hostsOf(await request("hosts", [], signal));
}

export async function fetchOverview(signal?: AbortSignal): Promise<readonly GlancedHost[]> {
  return required(overviewOf(await request("overview", [], signal)));
}

export async function fetchFindings(host: string, signal?: AbortSignal): Promise<readonly Finding[]> {
  const parameters: [string, string][] = [
    ["host", host],
    ["state", "active"],
    ["limit", "1000"],
  ];
  return required(findingsOf(await request("findings", parameters, signal)));
}

/** Selects what happened on a host in a span; `to` is null if the span ends now. */
export interface MomentsQuery {
  readonly host: string;
  readonly from: number;
  readonly to: number | null;
}

const MAX_ANNOTATIONS = "1000";
const MAX_STATES = "200";
const YEAR_MS = 366 * 86_400_000;

/** The newest annotations and findings of a span, and the newest runs that began before the end of the span. */
export async function fetchMoments({ host, from, to }: MomentsQuery, signal?: AbortSignal): Promise<Moments> {
  const ofHost: [string, string] = ["host", host];
  const [start, end] = spanOf({ from, to });
  const [annotations, findings, runs] = await Promise.all([
    fetchAnnotations({ host, from, to }, signal),
    request("findings", [ofHost, start, end, ["limit", MAX_STATES]], signal),
    // Without `start`, the server would reject a span that ends before the start of its retention.
    request("runs", [ofHost, ["start", "0"], end, ["limit", MAX_STATES]], signal),
  ]);
  return {
    annotations,
    findings: required(findingsOf(findings)),
    runs: required(runsOf(runs)).runs,
  };
}

/** A host's newest annotations in a span. */
export async function fetchAnnotations(query: MomentsQuery, signal?: AbortSignal): Promise<readonly Annotation[]> {
  const parameters: [string, string][] = [["host", query.host], ...spanOf(query), ["limit", MAX_ANNOTATIONS]];
  return required(annotationsOf(await request("annotations", parameters, signal)));
}

function spanOf({ from, to }: Omit<MomentsQuery, "host">): [start: [string, string], end: [string, string]] {
  return [
    ["start", String(Math.floor(from))],
    // Without `end`, the span would end now by the server's clock, which is before the start if the host's clock is
    // ahead.
    ["end", String(Math.ceil(to ?? from + YEAR_MS))],
  ];
}

/**
 * Selects the runs to list; null matches any value.
 *
 * If `end` is not null, only runs that began before that time are listed.
 */
export interface RunsQuery {
  readonly host: string | null;
  readonly user: string | null;
  readonly tag: string | null;
  readonly state: string | null;
  readonly end: number | null;
}

/** The newest runs that match the query. */
export async function fetchRuns(query: RunsQuery, signal?: AbortSignal): Promise<RunsPage> {
  const wanted = Object.entries(query).flatMap(([name, value]): [string, string][] =>
    value === null ? [] : [[name, String(value)]],
  );
  return required(runsOf(await request("runs", wanted, signal)));
}

export async function fetchRun(id: string, host: string | null, signal?: AbortSignal): Promise<Run> {
  return required(runOf(await request(`runs/${encodeURIComponent(id)}`, host ? [["host", host]] : [], signal)));
}

/** The address of a document about a run: its report, or its recording. */
export function runAddress({ host, id }: Run, document: "report" | "recording"): string {
  return `${PREFIX}/runs/${encodeURIComponent(id)}/${document}?${new URLSearchParams({ host })}`;
}

export type AnnotationDraft = Pick<Annotation, "host" | "timestamp" | "text" | "run">;

/**
 * Publish an annotation.
 *
 * Throws RequestFailed if the server rejects the annotation, for example because the server is read-only.
 */
export async function publishAnnotation(draft: AnnotationDraft): Promise<Annotation> {
  return required(annotationOf(await request("annotations", [], undefined, draft)));
}

export interface HistoryQuery {
  readonly host: string;
  readonly start: number;
  readonly end: number;
  readonly maxPoints: number;
  /** The channels, separated by commas; if not given, all channels. */
  readonly channels?: string;
  /** The fields, separated by commas; by default, those that the page keeps in memory. */
  readonly fields?: string;
}

export async function fetchHistory(query: HistoryQuery, signal?: AbortSignal): Promise<HistoryResult> {
  const parameters: [string, string][] = [
    ["host", query.host],
    ["start", String(Math.floor(query.start))],
    ["end", String(Math.ceil(query.end))],
    ["max_points", String(query.maxPoints)],
    ["fields", query.fields ?? HISTORY_FIELDS],
    ...(query.channels ? [["channels", query.channels] satisfies [string, string]] : []),
  ];
  return required(historyOf(await request("history", parameters, signal)));
}

export type PastQuery = Omit<HistoryQuery, "channels" | "fields">;

/** The history of the utilization of the GPUs and the CPU, with at most `maxPoints` points per channel. */
export function fetchPast(query: PastQuery, signal?: AbortSignal): Promise<HistoryResult> {
  return fetchHistory({ ...query, channels: "system/gpu/+,system/cpu", fields: "utilization" }, signal);
}

export function streamAddress(host: string, page: string): string {
  const address = new URL(`${PREFIX}/ws`, page);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  address.hash = "";
  address.search = new URLSearchParams({ channels: "system/#", host, batch: "true" }).toString();
  return address.href;
}

async function request(
  path: string,
  parameters: [string, string][],
  signal?: AbortSignal,
  content?: object,
): Promise<unknown> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const search = new URLSearchParams(parameters).toString();
  let response: Response;
  try {
    response = await fetch(`${PREFIX}/${path}${search && `?${search}`}`, {
      ...(content && posted(content)),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
  } catch {
    throw new RequestFailed("The server is not responding.", 0);
  }
  if (response.status === 401) logIn();
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) throw new RequestFailed(messageOf(body, response.status), response.status);
  return body;
}

function posted(content: object): RequestInit {
  return { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(content) };
}

/** The message of an error response, or the HTTP status if it has none, as in a proxy's response. */
export function messageOf(body: unknown, status: number): string {
  const error = received<ErrorDetail>(received<ErrorResponse>(body)?.error);
  const message = textOf(error?.message);
  return message ?? `The server responded with HTTP status ${status}.`;
}

function required<T>(response: T | null): T {
  if (response === null) throw new RequestFailed("The server sent an unexpected response.", 0);
  return response;
}
