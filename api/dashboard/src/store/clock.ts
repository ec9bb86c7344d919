const SPAN_MS = 60_000;

/**
 * How far the collector's clock is ahead of this browser's, in milliseconds.
 *
 * Samples arrive late, never early. In the newest minute, the sample with the largest difference was
 * the fastest and is the best estimate. Old samples that a collector publishes after an outage
 * therefore do not move the clock.
 */
export class HostClock {
  private assumed = 0;
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

  /** Use an estimate until the first live sample arrives: the clock showed `timestamp` at `wall`. */
  assume(timestamp: number, wall: number): void {
    this.assumed = timestamp - wall;
  }

  get ahead(): number {
    return this.current === null ? this.assumed : Math.max(this.current, this.previous ?? -Infinity);
  }

  /** The collector's clock at the browser's time `wall`. */
  at(wall: number): number {
    return wall + this.ahead;
  }
}
