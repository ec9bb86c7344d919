import type { Backfill } from "../store/backfill";
import type { HostData } from "../store/host";

const LATE_MS = 3_000;
const MARGIN_INTERVALS = 3;

/** Fetches the samples of a host that the page does not have from the history. */
export class CatchUp {
  /** Samples may be missing from here on, by the collector's clock; null: none are. */
  private missingFrom: number | null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: HostData,
    private readonly backfill: Backfill,
  ) {
    this.missingFrom = this.lastComplete() ?? -Infinity;
  }

  /** The stream has ended: samples may be missing from now on. */
  noteOutage(): void {
    const from = this.lastComplete();
    if (from !== null) this.missingFrom = Math.min(this.missingFrom ?? Infinity, from);
  }

  /** Fetch what is missing. Only a live stream makes the data complete: polling skips samples. */
  run(isLive: boolean): void {
    if (this.missingFrom === null) return;
    this.backfill.fill(this.missingFrom);
    if (isLive) this.missingFrom = null;
  }

  /** Fetch the bucket of a late sample: its new mean cannot be computed here. */
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
