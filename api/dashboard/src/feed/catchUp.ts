import type { Backfill } from "../store/backfill";
import type { HostData } from "../store/host";

const LATE_MS = 3_000;
const MARGIN_INTERVALS = 3;

/** Fetches a host's missing samples from the history. */
export class CatchUp {
  /** The time, by the collector's clock, after which samples may be missing; null if none are missing. */
  private missingFrom: number | null;
  /** The start of the earliest bucket to fetch again; `Infinity` if there is none. */
  private lateFrom = Infinity;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: HostData,
    private readonly backfill: Backfill,
  ) {
    this.missingFrom = this.lastComplete() ?? -Infinity;
  }

  /** Record that the stream has ended. Samples from shortly before the newest one until now may be missing. */
  noteOutage(): void {
    const from = this.lastComplete();
    if (from !== null) this.missingFrom = Math.min(this.missingFrom ?? Infinity, from);
  }

  /**
   * Fetch the missing samples.
   *
   * If the stream is not live, the page polls for the newest samples and misses those between two polls. `missingFrom`
   * then stays the same, so that the next call fetches these samples too.
   */
  run(isLive: boolean): void {
    if (this.missingFrom === null) return;
    this.backfill.fill(this.missingFrom);
    if (isLive) this.missingFrom = null;
  }

  /**
   * Fetch the history again, starting with a late sample's bucket.
   *
   * A bucket is the mean of several samples, which the page does not have, so it cannot update the mean.
   */
  fetchLate(channel: string, timestamp: number): void {
    const from = this.host.series.get(channel)?.bucketStart(timestamp) ?? timestamp;
    this.lateFrom = Math.min(this.lateFrom, from);
    this.timer ??= setTimeout(() => this.fillLate(), LATE_MS);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.backfill.stop();
  }

  private fillLate(): void {
    this.timer = undefined;
    this.backfill.fill(this.lateFrom);
    this.lateFrom = Infinity;
  }

  private lastComplete(): number | null {
    const newest = this.host.newestTimestamp;
    return newest === null ? null : newest - MARGIN_INTERVALS * this.host.intervalMs;
  }
}
