const SPAN_MS = 60_000;
/** A sample's time might be wrong if it differs from the estimated time on the collector's clock by more than this. */
export const SAME_CLOCK_MS = 60_000;
const VOTE_MS = 1_000;
const MOST_SUPPORT = 3;
const MOST_ASSUMPTIONS = 99;

/**
 * Estimates how far the collector's clock is ahead of this browser's clock, in milliseconds.
 *
 * Each sample's arrival time is subtracted from the time in the sample. The estimate is the largest result of the last
 * one to two minutes, which belongs to the sample with the shortest delay. Old samples that a collector publishes after
 * an outage give smaller results, so they do not change the estimate.
 *
 * A sample whose time is far from the estimated time does not change the estimate either: its time may be wrong. But if
 * the collector's clock was changed, such samples soon become the majority, and the estimate follows them. At most one
 * sample per second counts towards this majority, so a burst of delayed frames cannot outvote the other samples.
 */
export class HostClock {
  private readonly assumptions: number[] = [];
  private current: number | null = null;
  private previous: number | null = null;
  private since = -Infinity;
  private support = 0;
  private votedAt = -Infinity;
  private observedAt = -Infinity;

  observe(timestamp: number, wall: number): void {
    const ahead = timestamp - wall;
    if (!this.isAccepted(ahead, wall)) return;
    this.observedAt = wall;
    if (Math.abs(wall - this.since) > SPAN_MS) {
      this.previous = Math.abs(wall - this.since) > 2 * SPAN_MS ? null : this.current;
      this.current = null;
      this.since = wall;
    }
    this.current = Math.max(this.current ?? -Infinity, ahead);
  }

  /**
   * Assume that the collector's clock showed `timestamp` when the browser's clock showed `wall`.
   *
   * Until the first live sample arrives, the estimate is the median of the newest assumptions.
   */
  assume(timestamp: number, wall: number): void {
    this.assumptions.push(timestamp - wall);
    if (this.assumptions.length > MOST_ASSUMPTIONS) this.assumptions.shift();
    this.observedAt = wall;
  }

  /** The estimated time on the collector's clock at the last accepted sample; null before the first live sample. */
  get latest(): number | null {
    return this.current === null ? null : this.at(this.observedAt);
  }

  get ahead(): number {
    return this.current === null ? this.assumed() : Math.max(this.current, this.previous ?? -Infinity);
  }

  /** The estimated time on the collector's clock when the browser's clock shows `wall`. */
  at(wall: number): number {
    return wall + this.ahead;
  }

  private assumed(): number {
    const sorted = this.assumptions.toSorted((a, b) => a - b);
    return sorted[(sorted.length - 1) >> 1] ?? 0;
  }

  private isAccepted(ahead: number, wall: number): boolean {
    const isSame = this.current === null || Math.abs(ahead - this.ahead) <= SAME_CLOCK_MS;
    if (Math.abs(wall - this.votedAt) < VOTE_MS) return isSame;
    this.votedAt = wall;
    this.support = Math.min(this.support + (isSame ? 1 : -1), MOST_SUPPORT);
    if (this.support >= 0) return isSame;
    this.support = 0;
    this.current = null;
    this.previous = null;
    this.since = wall;
    return true;
  }
}
