import { channelAt, FAMILIES } from "../catalogue";
import type {
  FindingsResponse,
  HistoryChannel,
  HistoryResponse,
  HostsResponse,
  HostEntry as ListedHost,
} from "./contract";
import {
  type CollectorStatus,
  type Finding,
  findingOf,
  isObject,
  numberOf,
  numbersOf,
  received,
  type Sample,
  sampleOf,
  statusOf,
  textOf,
} from "./payload";

/** A sample from /metrics with its age: the time since its timestamp or its arrival, whichever is longer. */
export interface AgedSample extends Sample {
  readonly ageSeconds: number;
}

export interface MetricsResult {
  readonly host: string;
  readonly state: "online" | "offline" | null;
  readonly samples: readonly AgedSample[];
}

/**
 * One channel's history.
 *
 * `columns` are aligned with `timestamps`. `bucketWidth` is in ms; 0 means that the points are single samples.
 */
export interface HistoryColumns {
  readonly timestamps: readonly number[];
  readonly columns: Readonly<Record<string, readonly (number | null)[]>>;
  readonly bucketWidth: number;
  /** The points before this time are one-minute buckets; -Infinity if there are no such points. */
  readonly minutesUntil: number;
}

export interface HistoryResult {
  readonly host: string;
  readonly start: number;
  readonly end: number;
  readonly channels: ReadonlyMap<string, HistoryColumns>;
}

export interface HostEntry {
  readonly name: string;
  readonly status: CollectorStatus | null;
  /**
   * Whether a sample or status of the host has arrived since the server started.
   *
   * If not, the server knows the host only from the history.
   */
  readonly isKnown: boolean;
}

/**
 * The hosts, and the state of the history.
 *
 * `historyProblem` says in a sentence why the history cannot be read or is not growing; null if there is no problem.
 */
export interface HostsResult {
  readonly hosts: readonly HostEntry[];
  /**
   * How long the history keeps samples or one-minute points, whichever it keeps longer.
   *
   * null if the server is older than this page and does not report the retention.
   */
  readonly keptMs: number | null;
  readonly historyProblem: string | null;
}

export function metricsOf(body: unknown): MetricsResult | null {
  if (!isObject(body) || typeof body.host !== "string") return null;
  const samples: AgedSample[] = [];
  for (const family of FAMILIES) {
    const entry = body[family.name];
    for (const data of Array.isArray(entry) ? entry : [entry]) {
      if (!isObject(data)) continue;
      const sample = sampleOf(channelAt(family, data), data);
      if (sample) samples.push({ ...sample, ageSeconds: numberOf(data.age_seconds) ?? 0 });
    }
  }
  const state = body.state;
  const known = state === "online" || state === "offline" ? state : null;
  return { host: body.host, state: known, samples };
}

export function historyOf(body: unknown): HistoryResult | null {
  const response = received<HistoryResponse>(body);
  if (!isObject(response?.channels)) return null;
  const channels = new Map<string, HistoryColumns>();
  for (const [channel, value] of Object.entries(response.channels)) {
    const columns = columnsOf(value);
    if (columns) channels.set(channel, columns);
  }
  return {
    host: textOf(response.host) ?? "",
    start: numberOf(response.start) ?? 0,
    end: numberOf(response.end) ?? 0,
    channels,
  };
}

function columnsOf(value: unknown): HistoryColumns | null {
  const channel = received<HistoryChannel>(value);
  if (!Array.isArray(channel?.timestamps)) return null;
  const fields = isObject(channel.fields) ? Object.entries(channel.fields) : [];
  return {
    timestamps: numbersOf(channel.timestamps).map((time) => time ?? 0),
    columns: Object.fromEntries(fields.map(([name, values]) => [name, numbersOf(values)])),
    bucketWidth: numberOf(channel.bucket_width) ?? 0,
    minutesUntil: numberOf(channel.minutes_until) ?? -Infinity,
  };
}

/** The active and past findings; null if the response is not a list of findings. */
export function findingsOf(body: unknown): Finding[] | null {
  const response = received<FindingsResponse>(body);
  if (!Array.isArray(response?.findings)) return null;
  return response.findings.flatMap((entry) => findingOf(entry) ?? []);
}

const HOUR_MS = 3_600_000;

export function hostsOf(body: unknown): HostsResult {
  const response = received<HostsResponse>(body);
  const hosts = Array.isArray(response?.hosts) ? response.hosts.flatMap((entry) => entryOf(entry) ?? []) : [];
  const [hours, days] = [numberOf(response?.history_hours), numberOf(response?.history_days)];
  const keptMs = hours === null || days === null ? null : Math.max(hours, 24 * days) * HOUR_MS;
  return { hosts, historyProblem: textOf(response?.history_error), keptMs };
}

function entryOf(value: unknown): HostEntry | null {
  const entry = received<ListedHost>(value);
  if (typeof entry?.host !== "string") return null;
  return { name: entry.host, status: statusOf(value), isKnown: numberOf(entry.timestamp) !== null };
}
