import type { CollectorStatus, Sample, Values } from "../bus/payload";
import type { HistoryResult } from "../bus/responses";
import { familyOf, gpuOf, isCharted, PROCESSES, STATUS_CHANNEL } from "../catalogue";
import { HostClock, SAME_CLOCK_MS } from "./clock";
import { columnIn, keptColumns, valueIn } from "./columns";
import { PLACES, ProcessMemory } from "./processMemory";
import { ChannelSeries, type Insertion } from "./series";

export const WINDOW_MS = 3_600_000;
const MINUTE_MS = 60_000;
export const DEFAULT_INTERVAL_MS = 2_000;
export const STALE_INTERVALS = 3;
const MAX_POINTS = 4_500; // an hour at an interval of 1 s, and a quarter more
const MAX_GPUS = 64;

/**
 * The newest sample of a channel. `arrived` is the estimated time at which the sample reached the server, by the
 * browser's monotonic clock.
 */
export interface Newest {
  readonly timestamp: number;
  readonly values: Values;
  readonly arrived: number;
}

/** When a sample arrived in the browser: `at` in ms of the monotonic clock, `wall` in Unix ms. */
export interface Arrival {
  readonly at: number;
  readonly wall: number;
  /** The age of the sample in ms, as reported by the server; `live` if the sample has only just reached the server. */
  readonly age: "live" | number;
  /**
   * When the server's previous response arrived, by the monotonic clock. The page assumes
   * that a sample that was not in this response reached the server after that time.
   */
  readonly after?: number | undefined;
}

/** The data of one host: for each channel, the points of the last hour and the newest sample. */
export class HostData {
  readonly series = new Map<string, ChannelSeries>();
  /** The memory of each GPU's processes; the key is the channel that lists these processes. */
  readonly processMemory = new Map<string, ProcessMemory>();
  readonly newest = new Map<string, Newest>();
  readonly clock = new HostClock();
  status: CollectorStatus | null = null;
  /** When a sample last arrived at the server, by the browser's monotonic clock; null before the first sample. */
  lastArrival: number | null = null;
  /** When the collector went offline, by the browser's monotonic clock; null if it is not offline. */
  offlineSince: number | null = null;
  /** Whether data from the history has been merged into `series`. */
  hasHistory = false;
  /** Whether the host's clock is so far off that the history rejects the host's samples. */
  isOutsideHistory = false;

  constructor(readonly name: string) {}

  get intervalMs(): number {
    const seconds = this.status?.interval;
    return seconds && seconds > 0 ? seconds * 1000 : DEFAULT_INTERVAL_MS;
  }

  /**
   * The newest timestamp of any channel, by the collector's clock. A timestamp is ignored if it is more than a minute
   * ahead of that clock's estimated time.
   */
  get newestTimestamp(): number | null {
    const latest = (this.clock.latest ?? this.medianTimestamp) + SAME_CLOCK_MS;
    let found = -Infinity;
    for (const { timestamp } of this.newest.values()) if (timestamp <= latest) found = Math.max(found, timestamp);
    for (const { last } of this.series.values()) if (last <= latest) found = Math.max(found, last);
    return Number.isFinite(found) ? found : null;
  }

  /** The oldest timestamp in `series`; null if the history has not responded yet or there are no samples. */
  get oldestTimestamp(): number | null {
    const firsts = [...this.series.values()].filter(({ length }) => length > 0).map(({ times }) => times[0]!);
    return this.hasHistory && firsts.length > 0 ? Math.min(...firsts) : null;
  }

  get gpuIds(): string[] {
    const ids = [...this.newest.keys(), ...this.series.keys()].flatMap((name) => gpuOf(name) ?? []);
    return [...new Set(ids)].sort((a, b) => Number(a) - Number(b));
  }

  /** The points of a channel for a chart. For a channel that lists processes, they come from `ProcessMemory`. */
  seriesAt(channel: string): ChannelSeries | undefined {
    return this.series.get(channel) ?? this.processMemory.get(channel)?.series;
  }

  /** Add a sample. Return the result of the insertion, or null if `series` does not keep this channel's samples. */
  accept(sample: Sample, arrival: Arrival): Insertion | null {
    const family = familyOf(sample.channel);
    if (family && !isCharted(family)) {
      if (family.name === PROCESSES) this.processMemoryOf(sample.channel)?.accept(sample.timestamp, sample.values);
      this.noteNewest(sample, arrival);
      return null;
    }
    const series = this.seriesOf(sample.channel);
    if (series === null) return null;
    // Remove points that are more than an hour newer than this sample. They are from before the clock was set back,
    // or false; beside them, the series would reject this sample as too old.
    const known = this.newest.get(sample.channel);
    if (known && this.clockWasSetBack(known, arrival.at)) series.dropAfter(sample.timestamp + WINDOW_MS);
    const outcome = series.insert(sample.timestamp, (column) => valueIn(sample.values, column));
    this.noteNewest(sample, arrival);
    return outcome;
  }

  acceptStatus(status: CollectorStatus, at: number): void {
    this.status = status;
    this.offlineSince = status.state === "offline" ? (this.offlineSince ?? at) : null;
  }

  /** Remove the newest sample of a channel whose retained message was deleted; the channel's points stay. */
  remove(channel: string): void {
    this.newest.delete(channel);
    if (channel !== STATUS_CHANNEL) return;
    this.status = null;
    this.offlineSince = null;
  }

  merge(response: HistoryResult): void {
    this.hasHistory = true;
    for (const [channel, history] of response.channels) {
      const series = this.seriesOf(channel);
      if (series === null) continue;
      const { timestamps, bucketWidth, minutesUntil, columns } = history;
      const kept = series.names.map((name) => [name, columnIn(columns, name, timestamps.length)] as const);
      const seam = timestamps.findIndex((time) => time >= minutesUntil);
      const first = seam < 0 ? timestamps.length : seam;
      const rows = (from: number, to: number) => ({
        times: timestamps.slice(from, to),
        columns: new Map(kept.map(([name, values]) => [name, values.subarray(from, to)])),
      });
      const middle = first === 0 ? response.start : Math.max(minutesUntil, response.start);
      series.merge({ start: response.start, end: middle, width: MINUTE_MS, ...rows(0, first) });
      series.merge({ start: middle, end: response.end, width: bucketWidth, ...rows(first, timestamps.length) });
    }
  }

  /** Whether a channel's newest sample arrived more than three intervals ago, or the host's collector is offline. */
  isStale(channel: string, at: number): boolean {
    if (this.offlineSince !== null) return true;
    const arrived = this.newest.get(channel)?.arrived;
    return arrived !== undefined && at - arrived > STALE_INTERVALS * this.intervalMs;
  }

  /** A copy for a paused view, unaffected by new samples. */
  freeze(): HostData {
    const copy = new HostData(this.name);
    for (const [channel, series] of this.series) copy.series.set(channel, series.clone());
    for (const [channel, memory] of this.processMemory) copy.processMemory.set(channel, memory.clone());
    for (const [channel, newest] of this.newest) copy.newest.set(channel, newest);
    copy.status = this.status;
    copy.lastArrival = this.lastArrival;
    copy.offlineSince = this.offlineSince;
    copy.hasHistory = this.hasHistory;
    copy.isOutsideHistory = this.isOutsideHistory;
    return copy;
  }

  get bytes(): number {
    let sum = 0;
    for (const series of this.series.values()) sum += series.bytes;
    for (const { series } of this.processMemory.values()) sum += series.bytes;
    return sum;
  }

  // Used until the first live sample arrives. The times of most of the newest samples are true and from the same
  // tick, so the median is not affected by a few false times.
  private get medianTimestamp(): number {
    const times = [...this.newest.values()].map(({ timestamp }) => timestamp).sort((a, b) => a - b);
    return times[(times.length - 1) >> 1] ?? Infinity;
  }

  private seriesOf(channel: string): ChannelSeries | null {
    const known = this.series.get(channel);
    if (known) return known;
    const family = familyOf(channel);
    if (family === null || !isCharted(family) || this.series.size >= MAX_GPUS + 8) return null;
    const series = new ChannelSeries(keptColumns(family), WINDOW_MS, MAX_POINTS);
    this.series.set(channel, series);
    return series;
  }

  private processMemoryOf(channel: string): ProcessMemory | undefined {
    const known = this.processMemory.get(channel);
    if (known || this.processMemory.size >= MAX_GPUS) return known;
    const memory = new ProcessMemory(new ChannelSeries(PLACES, WINDOW_MS, MAX_POINTS));
    this.processMemory.set(channel, memory);
    return memory;
  }

  private noteNewest(sample: Sample, { at, wall, age: reported, after }: Arrival): void {
    const known = this.newest.get(sample.channel);
    // If the host's clock is behind, the server overestimates the age of a sample. A new sample has arrived since the
    // previous response, so its age is at most the time since then.
    const isNew = known !== undefined && known.timestamp !== sample.timestamp && after !== undefined;
    const age = typeof reported === "number" && isNew ? Math.min(reported, at - after) : reported;
    if (known?.timestamp === sample.timestamp) return; // the same sample again is no sign of life
    const arrived = age === "live" ? at : Math.max(at - age, known?.arrived ?? -Infinity);
    if (age === "live") this.clock.observe(sample.timestamp, wall);
    else this.clock.assume(sample.timestamp + age, wall);
    this.noteArrival(arrived);
    if (known && sample.timestamp < known.timestamp && !this.clockWasSetBack(known, at)) return;
    this.newest.set(sample.channel, { timestamp: sample.timestamp, values: sample.values, arrived });
  }

  // After an outage, a collector publishes its newest sample first and its backlog later, so a sample
  // with an older time usually is not the newest. But if no newer sample has arrived for three
  // intervals, the collector's clock was set back, and the sample with the older time is the newest.
  private clockWasSetBack(known: Newest, at: number): boolean {
    return at - known.arrived > STALE_INTERVALS * this.intervalMs;
  }

  private noteArrival(at: number): void {
    if (this.lastArrival === null || at > this.lastArrival) this.lastArrival = at;
    if (this.offlineSince !== null && at > this.offlineSince) this.offlineSince = null;
  }
}
