import type { Line } from "./lines";
import type { ChartSource } from "./source";

/**
 * The text of a line's value at the cursor.
 *
 * Without a cursor, this is the last value in the zoomed span or, without a zoom, the newest value.
 */
export function readingOf(monitor: ChartSource, channel: string, line: Line): string {
  const name = line.channel ?? channel;
  const time = monitor.cursor.value;
  // The last point of a long span is the mean of many minutes, so the newest value is read from the page's own last
  // hour.
  const isNewest = time === null && monitor.view.zoom === null;
  const series = (isNewest ? monitor.shown?.seriesAt(name) : undefined) ?? monitor.charted?.seriesAt(name);
  if (!series) return line.format(null);
  const { from, to } = monitor.span;
  const reach = Math.max(2.5 * (monitor.shown?.intervalMs ?? 2000), (to - from) / 300);
  const last = monitor.view.zoom ? to : Infinity;
  const index = time === null ? series.indexFrom(last) - 1 : series.nearest(time, reach);
  const value = index >= 0 ? line.read(series, index) : NaN;
  return line.format(Number.isNaN(value) ? null : value);
}

/** The time of the values that `readingOf` returns, such as `at 23:21:48`; empty if they are up to date. */
export function timeOfReading(monitor: ChartSource, channel: string): string {
  const time = pastOf(monitor);
  return time === null ? timeOfNewest(monitor, channel) : at(time, monitor);
}

/** If the view is paused, the time of the pause; if the channel is stale, the time of its newest values; else empty. */
function timeOfNewest(monitor: ChartSource, channel: string): string {
  const { frozen } = monitor;
  if (frozen) return at(frozen.now, monitor);
  const newest = monitor.shown?.newest.get(channel);
  return newest && monitor.isStale(channel) ? at(newest.timestamp, monitor) : "";
}

/**
 * The time of the values beside the charts. These values do not depend on the cursor or the zoom.
 *
 * While the view is paused, this is the time of the pause. If the values are stale, it is their timestamp.
 * Otherwise, it is `now` if the charts show an earlier time, and empty if they do not.
 */
export function timeBesideCharts(monitor: ChartSource, channel: string): string {
  return timeOfNewest(monitor, channel) || (pastOf(monitor) === null ? "" : "now");
}

function pastOf({ cursor, view, now }: ChartSource): number | null {
  if (cursor.value !== null) return cursor.value;
  return view.zoom && view.zoom.to < now ? view.zoom.to : null;
}

function at(time: number, { now, times }: ChartSource): string {
  return `at ${times.text(time, now)}`;
}
