const SPAN_MS = 60_000;

/**
 * How far the collector's clock is ahead of this browser's, in milliseconds.
 *
 * Samples arrive late, never early: of the newest minute the one with the largest difference was
 * the quickest, and comes closest. Old samples that a collector sends after an outage thus do not
 * move the clock.
 */
export class HostClock {
  private guess = 0;
  private current: number | null = null;
  private previous: number | null = null;
  private since = -Infinity;

  observe(timestamp: number, wall: number): void {
    const ahead = timestamp - wall;
    if (Math.abs(wall - this.since) > SPAN_MS) {
      this.previous = Math.abs(wall - this.since) > 2 * SPAN_MS ? null : this.current;
      this.current = null;
      this.since = wall;
    }
    this.current = Math.max(this.current ?? -Infinity, ahead);
  }

  /** Assume it until the first live sample tells: the clock showed `timestamp` at `wall`. */
  suppose(timestamp: number, wall: number): void {
    this.guess = timestamp - wall;
  }

  get ahead(): number {
    return this.current === null ? this.guess : Math.max(this.current, this.previous ?? -Infinity);
  }

  /** What the collector's clock shows at the browser's time `wall`. */
  at(wall: number): number {
    return wall + this.ahead;
  }
}
