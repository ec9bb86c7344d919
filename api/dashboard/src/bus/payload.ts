import { familyOf } from "../catalogue";
import type { CollectorState, FindingEntry, HostEntry, SensorResponse } from "./contract";

export type Values = Readonly<Record<string, unknown>>;

/** A sample, identified by its host, channel and timestamp. The timestamp comes from the collector's clock. */
export interface Sample {
  readonly host: string;
  readonly channel: string;
  readonly timestamp: number;
  readonly values: Values;
}

/**
 * What a collector reports about a sensor.
 *
 * `state` can be any text: a newer collector may report states that this page does not know.
 */
export interface SensorReport extends Pick<SensorResponse, "reason" | "description" | "details"> {
  readonly state: string;
}

export interface CollectorStatus extends Pick<HostEntry, "host" | "version" | "started" | "interval"> {
  readonly state: CollectorState;
  readonly sensors: Readonly<Record<string, SensorReport>>;
}

export type Severity = FindingEntry["severity"];
export const SEVERITIES: readonly Severity[] = ["info", "warning", "critical"];

/**
 * A finding of the advisor.
 *
 * Its times are in Unix ms, and most come from the host's clock. Its summary and its advice are untrusted, since
 * other programs might be able to publish findings.
 */
export interface Finding {
  readonly host: string;
  readonly channel: string;
  readonly subject: string;
  /** When the finding last changed. */
  readonly timestamp: number;
  readonly isOver: boolean;
  readonly severity: Severity;
  readonly since: number;
  /** When the finding ended, or when it last changed if its end was not reported; null while it is active. */
  readonly ended: number | null;
  readonly summary: string;
  readonly advice: string;
  /** The span in which the evidence was measured. */
  readonly evidence: { readonly from: number; readonly to: number } | null;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * `value` as an object that may have the fields of `T`, a type generated from the API; null if it is not an object.
 *
 * Each field has the type `unknown`, since another server version or a proxy might send other types.
 */
export function received<T>(value: unknown): { readonly [Name in keyof T]?: unknown } | null {
  return isObject(value) ? value : null;
}

export function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

export function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

export function numbersOf(value: unknown): (number | null)[] {
  return Array.isArray(value) ? value.map(numberOf) : [];
}

export function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

export function sampleOf(channel: string, data: unknown): Sample | null {
  if (!isObject(data) || familyOf(channel) === null) return null;
  const host = data.host;
  const timestamp = numberOf(data.timestamp);
  if (typeof host !== "string" || timestamp === null) return null;
  return { host, channel, timestamp, values: data };
}

export function statusOf(data: unknown): CollectorStatus | null {
  const entry = received<HostEntry>(data);
  if (typeof entry?.host !== "string") return null;
  if (entry.state !== "online" && entry.state !== "offline") return null;
  const reports = isObject(entry.sensors) ? Object.entries(entry.sensors) : [];
  return {
    host: entry.host,
    state: entry.state,
    version: textOf(entry.version),
    started: numberOf(entry.started),
    interval: numberOf(entry.interval),
    sensors: Object.fromEntries(reports.map(([name, report]) => [name, sensorOf(report)])),
  };
}

const LONGEST_TEXT = 500;

export function findingOf(data: unknown): Finding | null {
  const entry = received<FindingEntry>(data);
  const [host, kind, subject] = [textOf(entry?.host), textOf(entry?.kind), textOf(entry?.subject)];
  const since = numberOf(entry?.since);
  if (host === null || kind === null || subject === null || since === null) return null;
  const timestamp = numberOf(entry?.timestamp) ?? since;
  const isOver = entry?.state === "over";
  const evidence = isObject(entry?.evidence) ? entry.evidence : {};
  const [from, to] = [numberOf(evidence.start), numberOf(evidence.end)];
  return {
    host,
    channel: `system/findings/${kind}/${subject}`,
    subject,
    timestamp,
    isOver,
    severity: SEVERITIES.find((each) => each === entry?.severity) ?? "info",
    since,
    ended: isOver ? (numberOf(entry?.ended) ?? timestamp) : null,
    summary: shortened(textOf(entry?.summary) ?? kind),
    advice: shortened(textOf(entry?.advice) ?? ""),
    evidence: from === null || to === null ? null : { from, to },
  };
}

export function shortened(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}

function sensorOf(value: unknown): SensorReport {
  const report = received<SensorResponse>(value);
  const details = isObject(report?.details) ? Object.entries(report.details) : [];
  return {
    state: textOf(report?.state) ?? "ok",
    reason: textOf(report?.reason),
    description: textOf(report?.description),
    details: Object.fromEntries(details.filter((entry): entry is [string, string] => typeof entry[1] === "string")),
  };
}
