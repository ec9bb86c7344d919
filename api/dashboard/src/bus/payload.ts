import { familyOf, STATUS_CHANNEL } from "../catalogue";

export type Values = Readonly<Record<string, unknown>>;

/** A sample, identified by (host, channel, timestamp); the timestamp is the collector's clock. */
export interface Sample {
  readonly host: string;
  readonly channel: string;
  readonly timestamp: number;
  readonly values: Values;
}

export interface SensorReport {
  readonly state: string;
  readonly reason: string | null;
  readonly description: string | null;
  readonly details: Readonly<Record<string, string>>;
}

export interface CollectorStatus {
  readonly host: string;
  readonly state: "online" | "offline";
  readonly version: string | null;
  readonly started: number | null;
  readonly interval: number | null;
  readonly sensors: Readonly<Record<string, SensorReport>>;
}

/** `ageSeconds`: null for a sample that has just arrived at the server, else its age by the server. */
export type Frame =
  | { readonly kind: "sample"; readonly sample: Sample; readonly ageSeconds: number | null }
  | { readonly kind: "status"; readonly status: CollectorStatus }
  | { readonly kind: "removed"; readonly host: string; readonly channel: string };

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
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

/** Parse a WebSocket message, an array of frames. Unknown events and channels are skipped: a newer server may send more. */
export function parseFrames(text: string): Frame[] {
  let frames: unknown;
  try {
    frames = JSON.parse(text);
  } catch {
    return [];
  }
  return Array.isArray(frames) ? frames.map(frameOf).filter((frame) => frame !== null) : [];
}

function frameOf(frame: unknown): Frame | null {
  if (!(isObject(frame) && isObject(frame.data))) return null;
  const { channel, event, data } = frame;
  if (event === "status" && channel === STATUS_CHANNEL) {
    const status = statusOf(data);
    return status && { kind: "status", status };
  }
  if (typeof channel !== "string") return null;
  if (event === "removed" && typeof data.host === "string") return { kind: "removed", host: data.host, channel };
  if (event !== "metrics") return null;
  const sample = sampleOf(channel, data);
  return sample && { kind: "sample", sample, ageSeconds: numberOf(frame.age_seconds) };
}

export function sampleOf(channel: string, data: unknown): Sample | null {
  if (!isObject(data) || familyOf(channel) === null) return null;
  const host = data.host;
  const timestamp = numberOf(data.timestamp);
  if (typeof host !== "string" || timestamp === null) return null;
  return { host, channel, timestamp, values: data };
}

export function statusOf(data: unknown): CollectorStatus | null {
  if (!isObject(data) || typeof data.host !== "string") return null;
  if (data.state !== "online" && data.state !== "offline") return null;
  const sensors: Record<string, SensorReport> = {};
  if (isObject(data.sensors)) {
    for (const [name, report] of Object.entries(data.sensors)) {
      if (isObject(report)) sensors[name] = sensorOf(report);
    }
  }
  return {
    host: data.host,
    state: data.state,
    version: textOf(data.version),
    started: numberOf(data.started),
    interval: numberOf(data.interval),
    sensors,
  };
}

function sensorOf(report: Record<string, unknown>): SensorReport {
  const details: Record<string, string> = {};
  if (isObject(report.details)) {
    for (const [name, value] of Object.entries(report.details)) {
      if (typeof value === "string") details[name] = value;
    }
  }
  return {
    state: textOf(report.state) ?? "ok",
    reason: textOf(report.reason),
    description: textOf(report.description),
    details,
  };
}
