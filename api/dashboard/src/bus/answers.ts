import { channelAt, FAMILIES } from "../catalogue";
import { type CollectorStatus, isObject, numberOf, type Sample, sampleOf, statusOf, textOf } from "./payload";

/** A sample from /metrics, with its age by the server's clock: the time since it arrived there. */
export interface AgedSample extends Sample {
  readonly ageSeconds: number;
}

export interface MetricsAnswer {
  readonly host: string;
  readonly state: "online" | "offline" | null;
  readonly samples: readonly AgedSample[];
}

/** One channel's history: `columns` are aligned with `timestamps`. */
export interface HistoryColumns {
  readonly timestamps: readonly number[];
  readonly columns: Readonly<Record<string, readonly (number | null)[]>>;
  readonly bucketWidth: number | null;
}

export interface HistoryAnswer {
  readonly host: string;
  readonly start: number;
  readonly end: number;
  readonly channels: ReadonlyMap<string, HistoryColumns>;
}

export interface HostEntry {
  readonly name: string;
  readonly status: CollectorStatus | null;
  /** Whether the server has received anything from it since it started; else it is only in the history. */
  readonly isKnown: boolean;
}

/** `historyProblem`: why the history cannot be read or written, as a sentence. */
export interface HostsAnswer {
  readonly hosts: readonly HostEntry[];
  readonly historyProblem: string | null;
}

export function metricsOf(body: unknown): MetricsAnswer | null {
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

export function historyOf(body: unknown): HistoryAnswer | null {
  if (!(isObject(body) && isObject(body.channels))) return null;
  const channels = new Map<string, HistoryColumns>();
  for (const [channel, columns] of Object.entries(body.channels)) {
    if (!(isObject(columns) && Array.isArray(columns.timestamps))) continue;
    const fields = columns.fields;
    channels.set(channel, {
      timestamps: columns.timestamps as number[],
      columns: (isObject(fields) ? fields : {}) as HistoryColumns["columns"],
      bucketWidth: numberOf(columns.bucket_width),
    });
  }
  return {
    host: textOf(body.host) ?? "",
    start: numberOf(body.start) ?? 0,
    end: numberOf(body.end) ?? 0,
    channels,
  };
}

export function hostsOf(body: unknown): HostsAnswer {
  if (!(isObject(body) && Array.isArray(body.hosts))) return { hosts: [], historyProblem: null };
  const hosts = body.hosts.flatMap((entry: unknown) =>
    isObject(entry) && typeof entry.host === "string"
      ? [{ name: entry.host, status: statusOf(entry), isKnown: numberOf(entry.timestamp) !== null }]
      : [],
  );
  return { hosts, historyProblem: textOf(body.history_error) };
}
