import type { HistoryAnswer } from "../bus/answers";
import type { Run } from "../bus/moments";
import { gpuChannel } from "../catalogue";
import { alignedMeans } from "../charts/aligned";
import { column } from "../charts/points";
import { HostData, WINDOW_MS } from "../store/host";
import { ChannelSeries } from "../store/series";

/** The channel of a run's GPUs together, which only a comparison has. */
export const RUN_GPUS = "gpus";

const MACHINE = ["system/cpu", "system/memory", "system/disk", "system/network"] as const;
const GPU_ID = /^\d{1,4}$/;
const USUAL_MS = 2_000;

/** How the values of several GPUs become one. */
const TOGETHER: Readonly<Record<string, (values: readonly number[]) => number>> = {
  utilization: (values) => sum(values) / values.length,
  temperature: (values) => Math.max(...values),
  memory_used: sum,
  power: sum,
};

const MACHINE_FIELDS = ["ram_used", "read_rate", "write_rate", "download_rate", "upload_rate"] as const;

/** The fields of a run's history that are compared, separated by commas. */
export const RUN_FIELDS = [...Object.keys(TOGETHER), ...MACHINE_FIELDS].join(",");

/** The channels of a run: its GPUs and its machine, separated by commas. */
export function channelsOf({ gpus }: Run): string {
  return [...gpus.filter((id) => GPU_ID.test(id)).map(gpuChannel), ...MACHINE].join(",");
}

/** The history of a run, by the time since its start. */
export interface RunHistory {
  readonly run: Run;
  /** Until when the history was fetched, in ms since the start. */
  readonly length: number;
  /** How far apart its samples usually are, in ms; half of a bucket. */
  readonly intervalMs: number;
  readonly series: ReadonlyMap<string, ChannelSeries>;
  /** The same, by the host's clock. */
  readonly data: HostData;
}

/** The history of `run` that the server answered with, up to `end` (Unix ms). */
export function runHistory(run: Run, end: number, answer: HistoryAnswer): RunHistory {
  const data = new HostData(run.host);
  data.merge(answer);
  const intervalMs = Math.max(USUAL_MS, ...[...data.series.values()].map(usualSpacing));
  const span = { from: run.started, to: end };
  const gpus = run.gpus.flatMap((id) => data.seriesAt(gpuChannel(id)) ?? []);
  const all = new Map(data.series);
  if (gpus.length > 0) all.set(RUN_GPUS, together(gpus, span, intervalMs));
  const series = new Map([...all].map(([channel, each]) => [channel, sinceStart(each, run.started)]));
  return { run, length: end - run.started, intervalMs, series, data };
}

/** GPUs that were sampled at different moments, as one: each column at the same steps. */
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

/** The median distance between points, half of it between buckets: each step needs two samples or one bucket. */
function usualSpacing({ times, widths, length }: ChannelSeries): number {
  const distances = times.subarray(1, Math.max(length, 1)).map((time, index) => time - times[index]!);
  return (distances.sort()[distances.length >> 1] ?? 0) / (widths[0]! > 0 ? 2 : 1);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
