import { gpuOf } from "../catalogue";
import type { Zoom } from "../view/view";
import type { HostData } from "./host";

/**
 * The charts' data in a span, as CSV. It has a column for each value, and a row for each reading of the
 * sensors. Where the charts have only buckets (means of several samples), it has a row for each bucket.
 *
 * The collector usually reads all sensors within a few milliseconds. Samples of different channels therefore share a
 * row if their times differ by at most half an interval. The row's time is that of its first sample. If a value was
 * not reported, its cell is empty. The file contains no text from received messages, because a spreadsheet could run
 * such text as a formula. The column names come from this page, and the cells are numbers and times.
 */
export function csvOf(host: HostData, span: Zoom): string {
  const channels = [...host.series].sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
  const header = ["timestamp_ms", "time"];
  const rows: { time: number; cells: string[] }[] = [];
  const points: { time: number; channel: number; index: number }[] = [];
  channels.forEach(([name, series], channel) => {
    header.push(...series.names.map((column) => `${shortName(name)}.${column}`));
    const end = series.indexFrom(span.to + 1);
    for (let index = series.indexFrom(span.from); index < end; index += 1) {
      points.push({ time: series.times[index]!, channel, index });
    }
  });
  points.sort((a, b) => a.time - b.time);
  const offsets = offsetsOf(channels.map(([, series]) => series.names.length));
  let filled = new Set<number>();
  for (const { time, channel, index } of points) {
    let row = rows.at(-1);
    if (!row || time - row.time > host.intervalMs / 2 || filled.has(channel)) {
      row = { time, cells: Array.from({ length: header.length - 2 }, () => "") };
      rows.push(row);
      filled = new Set();
    }
    filled.add(channel);
    const series = channels[channel]![1];
    series.names.forEach((column, offset) => {
      const value = series.value(column, index);
      row.cells[offsets[channel]! + offset] = Number.isNaN(value) ? "" : String(value);
    });
  }
  const lines = rows.map((row) => [row.time, new Date(row.time).toISOString(), ...row.cells].join(","));
  return `${[header.join(","), ...lines].join("\r\n")}\r\n`;
}

/** A file name that is valid on every system, whatever the name of the host. */
export function csvName(host: string, to: number): string {
  const safe = host.replace(/[^A-Za-z0-9._-]+/g, "_").slice(0, 64);
  return `system-monitor_${safe}_${new Date(to).toISOString().slice(0, 19).replaceAll(":", "")}Z.csv`;
}

function shortName(channel: string): string {
  const gpu = gpuOf(channel);
  return gpu === null ? channel.replace("system/", "") : `gpu${gpu}`;
}

function offsetsOf(widths: readonly number[]): number[] {
  let sum = 0;
  return widths.map((width) => {
    sum += width;
    return sum - width;
  });
}
