import type { Backfill } from "../store/backfill";
import type { HostData } from "../store/host";

const LATE_MS = 3_000;
const MARGIN_INTERVALS = 3;

/** Fetches from the history the samples of a host that the page does not have. */
export class CatchUp {
  /** The time since which samples may be missing, by the collector's clock; null if none are missing. */
  private missingFrom: number | null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: HostData,
    private readonly backfill: Backfill,
  ) {
    this.missingFrom = this.lastComplete() ?? -Infinity;
  }

  /** Note that the stream has ended, so samples may be missing since shortly before the newest sample. */
  noteOutage(): void {
    const from = this.lastComplete();
    if (from !== null) this.missingFrom = Math.min(this.missingFrom ?? Infinity, from);
  }

  /** Fetch the missing samples. Without a live stream, more samples will be missing, because polling skips samples. */
  run(isLive: boolean): void {
    if (this.missingFrom === null) return;
    this.backfill.fill(this.missingFrom);
    if (isLive) this.missingFrom = null;
  }

  /** Fetch the bucket that includes a late sample, because the page cannot compute the new mean of the bucket. */
  fetchLate(channel: string, timestamp: number): void {
    const from = this.host.series.get(channel)?.bucketStart(timestamp) ?? timestamp;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.backfill.fill(from), LATE_MS);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.backfill.stop();
  }

  private lastComplete(): number | null {
    const newest = this.host.newestTimestamp;
    return newest === null ? null : newest - MARGIN_INTERVALS * this.host.intervalMs;
  }
}
