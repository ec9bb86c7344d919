import type { Backfill } from "../store/backfill";
import type { HostData } from "../store/host";

const LATE_MS = 3_000;
const MARGIN_INTERVALS = 3;

/** Fetches a host's missing samples from the history. */
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

  /** Note that the stream has ended: from shortly before the newest sample on, samples may be missing. */
  noteOutage(): void {
    const from = this.lastComplete();
    if (from !== null) this.missingFrom = Math.min(this.missingFrom ?? Infinity, from);
  }

  /**
   * Fetch the missing samples.
   *
   * Without a live stream, the next call fetches these samples again, because polling skips samples.
   */
  run(isLive: boolean): void {
    if (this.missingFrom === null) return;
    this.backfill.fill(this.missingFrom);
    if (isLive) this.missingFrom = null;
  }

  /** Fetch the bucket of a sample that arrived late, because the page cannot compute the bucket's new mean. */
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
