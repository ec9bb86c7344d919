import type { Run } from "../bus/moments";
import type { HistoryResult } from "../bus/responses";
import { gpuChannel } from "../catalogue";
import { alignedMeans } from "../charts/aligned";
import { column } from "../charts/points";
import { HostData, WINDOW_MS } from "../store/host";
import { ChannelSeries } from "../store/series";

/** The name of the series that combines all GPUs of a run. Only comparisons use this name; it is not a real channel. */
export const RUN_GPUS = "gpus";

const MACHINE = ["system/cpu", "system/memory", "system/disk", "system/network"] as const;
const GPU_ID = /^\d{1,4}$/;
const USUAL_MS = 2_000;

/** For each field, the function that combines the values of several GPUs into one value. */
const TOGETHER: Readonly<Record<string, (values: readonly number[]) => number>> = {
  utilization: (values) => sum(values) / values.length,
  temperature: (values) => Math.max(...values),
  memory_used: sum,
  power: sum,
};

const MACHINE_FIELDS = ["ram_used", "read_rate", "write_rate", "download_rate", "upload_rate"] as const;

/** The fields that a comparison of runs shows, separated by commas. */
export const RUN_FIELDS = [...Object.keys(TOGETHER), ...MACHINE_FIELDS].join(",");

/** The channels of a run's GPUs and of its machine, separated by commas. */
export function channelsOf({ gpus }: Run): string {
  return [...gpus.filter((id) => GPU_ID.test(id)).map(gpuChannel), ...MACHINE].join(",");
}

/** The history of a run, with times since the start of the run. */
export interface RunHistory {
  readonly run: Run;
  /** The end of the fetched history, in ms since the start of the run. */
  readonly length: number;
  /** The largest `usualSpacing` of all fetched series, in ms; at least `USUAL_MS`. */
  readonly intervalMs: number;
  /** The series of each channel, with times since the start of the run. */
  readonly series: ReadonlyMap<string, ChannelSeries>;
  /** The fetched history, with times by the host's clock. */
  readonly data: HostData;
}

/** The history of `run` up to `end` (Unix ms), from the server's `response`. */
export function runHistory(run: Run, end: number, response: HistoryResult): RunHistory {
  const data = new HostData(run.host);
  data.merge(response);
  const intervalMs = Math.max(USUAL_MS, ...[...data.series.values()].map(usualSpacing));
  const span = { from: run.started, to: end };
  const gpus = run.gpus.flatMap((id) => data.seriesAt(gpuChannel(id)) ?? []);
  const all = new Map(data.series);
  if (gpus.length > 0) all.set(RUN_GPUS, together(gpus, span, intervalMs));
  const series = new Map([...all].map(([channel, each]) => [channel, sinceStart(each, run.started)]));
  return { run, length: end - run.started, intervalMs, series, data };
}

/**
 * Combines the series of all GPUs into one series.
 *
 * GPUs are sampled at different times, so the values of each GPU are first averaged over time steps that are the same
 * for all GPUs.
 */
function together(gpus: readonly ChannelSeries[], span: { from: number; to: number }, intervalMs: number) {
  const names = Object.keys(TOGETHER);
  const series = new ChannelSeries(names, WINDOW_MS, Infinity);
  const columns = new Map<string, Float64Array>();
  let times: readonly number[] = [];
  for (const name of names) {
    const sources = gpus.map((each) => ({ series: each, read: column(name) }));
    const [steps, ...lines] = alignedMeans(sources, span, intervalMs);
    times = steps;
    const rows = steps.map((_, row) => lines.map((line) => line[row] ?? null).filter((value) => value !== null));
    columns.set(
      name,
      Float64Array.from(rows, (values) => (values.length > 0 ? TOGETHER[name]!(values) : NaN)),
    );
  }
  const width = (times[1] ?? 0) - (times[0] ?? 0);
  series.merge({ start: span.from, end: span.to + width, width, times, columns });
  return series;
}

function sinceStart(series: ChannelSeries, start: number): ChannelSeries {
  const copy = series.clone();
  copy.times = copy.times.map((time) => time - start);
  return copy;
}

/**
 * Returns the median time between two consecutive samples, in ms.
 *
 * For a series of buckets (means of several samples), returns half the median time between two consecutive buckets. A
 * chart draws one point per time step. A step is at least twice as long as the returned time, so it usually contains at
 * least two samples or one bucket.
 */
function usualSpacing({ times, widths, length }: ChannelSeries): number {
  const distances = times.subarray(1, Math.max(length, 1)).map((time, index) => time - times[index]!);
  return (distances.sort()[distances.length >> 1] ?? 0) / (widths[0]! > 0 ? 2 : 1);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
