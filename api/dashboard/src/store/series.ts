/**
 * The result of an insertion. `added`: the sample was added. `known`: the series already has the sample, or the sample
 * is older than the series' window. `covered`: the series has a bucket that includes the sample's time.
 */
export type Insertion = "added" | "known" | "covered";

/** Rows to merge: samples if `width` is 0, otherwise buckets of `width` ms. The time of a bucket is its start. */
export interface Rows {
  readonly start: number;
  readonly end: number;
  readonly width: number;
  readonly times: readonly number[];
  readonly columns: ReadonlyMap<string, Float64Array>;
}

const FIRST_CAPACITY = 256;
const OUTAGE_SPACINGS = 4;

/**
 * The points of one channel in the last `windowMs`, sorted by time, in typed arrays of bounded length.
 *
 * A point is a sample, or a bucket with the means of all samples in a span. No sample is stored twice:
 * no two points have the same time, and no bucket includes a stored sample. NaN means that a value was not reported.
 * `revision` increases with every change except the addition of a sample at the end.
 */
export class ChannelSeries {
  length = 0;
  revision = 0;
  times = new Float64Array(FIRST_CAPACITY);
  widths = new Float64Array(FIRST_CAPACITY);
  readonly columns = new Map<string, Float64Array>();

  constructor(
    readonly names: readonly string[],
    readonly windowMs: number,
    readonly maxPoints: number,
  ) {
    for (const name of names) this.columns.set(name, new Float64Array(FIRST_CAPACITY));
  }

  get last(): number {
    return this.length > 0 ? this.times[this.length - 1]! : -Infinity;
  }

  /** The index of the first point at or after `time`; `length` if there is no such point. */
  indexFrom(time: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[middle]! < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The index of the point nearest to `time`; -1 if no point is within `reach` ms of `time`. */
  nearest(time: number, reach: number): number {
    const after = this.indexFrom(time);
    const distance = (index: number) =>
      index < 0 || index >= this.length ? Infinity : Math.abs(this.times[index]! - time);
    const found = distance(after - 1) <= distance(after) ? after - 1 : after;
    return distance(found) <= reach ? found : -1;
  }

  value(name: string, index: number): number {
    return this.columns.get(name)?.[index] ?? NaN;
  }

  /** Insert a sample, even a late one, so that the points stay sorted by time. */
  insert(time: number, read: (column: string) => number): Insertion {
    const index = this.indexFrom(time);
    if (index < this.length && this.times[index] === time) {
      return this.widths[index] === 0 ? "known" : "covered";
    }
    if (index > 0 && this.times[index - 1]! + this.widths[index - 1]! > time) return "covered";
    if (time < this.last - this.windowMs) return "known"; // older than the window
    this.makeRoom();
    this.openAt(this.indexFrom(time), time, read);
    return "added";
  }

  /** Remove the points after `time`. */
  dropAfter(time: number): void {
    const kept = this.indexFrom(time + 1);
    if (kept === this.length) return;
    this.length = kept;
    this.revision += 1;
  }

  /** The start of the bucket that includes `time`; `time` itself if a point starts at `time`. */
  bucketStart(time: number): number {
    const index = this.indexFrom(time);
    return this.times[index] === time && index < this.length ? time : (this.times[index - 1] ?? time);
  }

  /**
   * Merge rows from the history.
   *
   * The rows replace the buckets between `rows.start` and `rows.end`. A new bucket also replaces the
   * samples that it includes. Samples that are not yet in the history are kept.
   */
  merge(rows: Rows): void {
    const fresh = rows.times.flatMap((_, row) => (this.isNull(rows, row) ? [] : [row]));
    if (fresh.length === 0) return;
    const old = this.keptBeside(rows, fresh);
    const size = old.length + fresh.length;
    const merged = new ChannelSeries(this.names, this.windowMs, this.maxPoints);
    merged.reserve(size);
    let left = 0;
    let right = 0;
    while (left < old.length || right < fresh.length) {
      const oldTime = left < old.length ? this.times[old[left]!]! : Infinity;
      const newTime = right < fresh.length ? rows.times[fresh[right]!]! : Infinity;
      if (oldTime <= newTime) {
        merged.append(oldTime, this.widths[old[left]!]!, this.columns, old[left]!);
        left += 1;
        if (oldTime === newTime) right += 1; // the same sample
      } else {
        const row = fresh[right]!;
        const width = rows.width === 0 ? 0 : Math.min(rows.width, rows.end - newTime);
        merged.append(newTime, width, rows.columns, row);
        right += 1;
      }
    }
    this.takeOver(merged);
    if (this.length > this.maxPoints) this.makeRoom();
  }

  clone(): ChannelSeries {
    const copy = new ChannelSeries(this.names, this.windowMs, this.maxPoints);
    copy.times = this.times.slice();
    copy.widths = this.widths.slice();
    for (const [name, values] of this.columns) copy.columns.set(name, values.slice());
    copy.length = this.length;
    copy.revision = this.revision;
    return copy;
  }

  /** Clear a column, as if its value had never been reported. */
  clear(name: string): void {
    this.columns.get(name)?.fill(NaN);
    this.revision += 1;
  }

  get bytes(): number {
    return (this.columns.size + 2) * this.times.byteLength;
  }

  // The server marks an outage with a row of nulls. This row is not stored, because late samples may
  // still fill the outage. The page recognizes an outage by the distance between two points instead.
  private isNull(rows: Rows, row: number): boolean {
    for (const values of rows.columns.values()) if (!Number.isNaN(values[row]!)) return false;
    return true;
  }

  private keptBeside(rows: Rows, fresh: readonly number[]): number[] {
    const kept: number[] = [];
    let next = 0; // the first new row that ends after the point
    for (let index = 0; index < this.length; index += 1) {
      const time = this.times[index]!;
      if (this.widths[index]! > 0) {
        if (time >= rows.start && time < rows.end) continue;
        const overlap = time + this.widths[index]! - rows.start;
        if (time < rows.start && overlap > 0) this.widths[index] = rows.start - time;
      } else if (rows.width > 0) {
        while (next < fresh.length && rows.times[fresh[next]!]! + rows.width <= time) next += 1;
        const covers = next < fresh.length && rows.times[fresh[next]!]! <= time && time < rows.end;
        if (covers) continue;
      }
      kept.push(index);
    }
    return kept;
  }

  private append(time: number, width: number, from: ReadonlyMap<string, Float64Array>, row: number) {
    this.times[this.length] = time;
    this.widths[this.length] = width;
    for (const [name, values] of this.columns) values[this.length] = from.get(name)?.[row] ?? NaN;
    this.length += 1;
  }

  private openAt(index: number, time: number, read: (column: string) => number): void {
    const late = index < this.length;
    for (const [name, values] of this.columns) {
      if (late) values.copyWithin(index + 1, index, this.length);
      values[index] = read(name);
    }
    if (late) {
      this.times.copyWithin(index + 1, index, this.length);
      this.widths.copyWithin(index + 1, index, this.length);
      this.revision += 1;
    }
    this.times[index] = time;
    this.widths[index] = 0;
    this.length += 1;
  }

  private makeRoom(): void {
    if (this.length < this.times.length && this.length < this.maxPoints) return;
    // Points are moved only if the arrays are full; moving them for each sample would take more time.
    const old = this.indexFrom(this.last - this.windowMs);
    if (old > this.length / 16) this.dropFirst(old);
    else if (this.length >= this.maxPoints) this.halveOlderHalf();
    this.reserve(this.length + 1);
  }

  private reserve(size: number): void {
    if (size <= this.times.length) return;
    const capacity = Math.max(size, Math.min(this.times.length * 2, this.maxPoints));
    const grown = (values: Float64Array) => {
      const larger = new Float64Array(capacity);
      larger.set(values.subarray(0, this.length));
      return larger;
    };
    this.times = grown(this.times);
    this.widths = grown(this.widths);
    for (const [name, values] of this.columns) this.columns.set(name, grown(values));
  }

  private dropFirst(count: number): void {
    for (const values of [this.times, this.widths, ...this.columns.values()]) {
      values.copyWithin(0, count, this.length);
    }
    this.length -= count;
    this.revision += 1;
  }

  // At short intervals, the window has more samples than `maxPoints`. Whenever the arrays are full, each
  // pair of neighbours in the older half becomes one bucket. Points on two sides of an outage are not
  // merged.
  private halveOlderHalf(): void {
    const half = this.length >> 1;
    const limit = OUTAGE_SPACINGS * this.usualSpacing(half);
    let written = 0;
    for (let index = 0; index < half; index += 1, written += 1) {
      const start = this.times[index]!;
      const next = this.times[index + 1]!;
      const pair = index + 1 < half && next - start <= limit;
      const width = pair ? next + Math.max(this.widths[index + 1]!, 1) - start : this.widths[index]!;
      for (const values of this.columns.values()) {
        values[written] = pair ? mean(values[index]!, values[index + 1]!) : values[index]!;
      }
      this.times[written] = start;
      this.widths[written] = width;
      if (pair) index += 1;
    }
    for (const values of [this.times, this.widths, ...this.columns.values()]) {
      values.copyWithin(written, half, this.length);
    }
    this.length -= half - written;
    this.revision += 1;
  }

  private usualSpacing(count: number): number {
    const distances = new Float64Array(Math.max(count - 1, 1));
    for (let index = 0; index + 1 < count; index += 1) {
      distances[index] = this.times[index + 1]! - this.times[index]!;
    }
    return distances.sort()[distances.length >> 1]!;
  }

  private takeOver(merged: ChannelSeries): void {
    this.times = merged.times;
    this.widths = merged.widths;
    for (const [name, values] of merged.columns) this.columns.set(name, values);
    this.length = merged.length;
    this.revision += 1;
  }
}

function mean(a: number, b: number): number {
  if (Number.isNaN(a)) return b;
  return Number.isNaN(b) ? a : (a + b) / 2;
}
