const SPAN_MS = 60_000;
/** A sample whose time is further than this from the estimated clock was stamped by another clock. */
export const SAME_CLOCK_MS = 60_000;
const VOTE_MS = 1_000;
const MOST_SUPPORT = 3;
const MOST_ASSUMPTIONS = 99;

/**
 * How far the collector's clock is ahead of this browser's, in milliseconds.
 *
 * Samples arrive late, never early. The estimate is therefore the largest difference between a
 * sample's time and its arrival in the last one to two minutes: that sample was delayed the least.
 * Old samples that a collector publishes after an outage have smaller differences and do not change
 * the estimate.
 *
 * A sample whose time is far from the estimate does not change it either, because the time may be
 * false. If the collector's clock was set, such samples soon are the majority, and the estimate
 * follows them. At most one sample per second counts towards this majority, so a burst of delayed
 * frames cannot outvote the other samples.
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
   * Note an estimate: the collector's clock showed `timestamp` at the browser's time `wall`. Until the
   * first live sample arrives, the median of these estimates is used.
   */
  assume(timestamp: number, wall: number): void {
    this.assumptions.push(timestamp - wall);
    if (this.assumptions.length > MOST_ASSUMPTIONS) this.assumptions.shift();
    this.observedAt = wall;
  }

  /** The time that the collector's clock showed when the last sample arrived; null before the first live sample. */
  get latest(): number | null {
    return this.current === null ? null : this.at(this.observedAt);
  }

  get ahead(): number {
    return this.current === null ? this.assumed() : Math.max(this.current, this.previous ?? -Infinity);
  }

  /** The collector's clock at the browser's time `wall`. */
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
