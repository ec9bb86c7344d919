// The stream is checked after this many intervals of silence, which is before its samples become stale.
const STALL_INTERVALS = 1.5;
const MIN_STALL_MS = 1_000;
// A collector reports its status every 10 s, so a healthy stream is never silent for this long.
const MAX_STALL_MS = 12_000;

/**
 * Calls `onStall` when a stream is silent for longer than a healthy stream would be.
 *
 * During a long silence, `onStall` is called repeatedly, at growing intervals of at most 12 s. Either the
 * connection is broken or the collector is silent; `onStall` must find out which.
 */
export class StallDetector {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly silentMs: () => number,
    private readonly intervalMs: () => number,
    private readonly onStall: () => void,
  ) {}

  /** Whether a silence of `silentMs` is too long for a healthy stream. */
  isStalled(silentMs = this.silentMs()): boolean {
    return silentMs >= this.stallMs;
  }

  start(): void {
    clearTimeout(this.timer);
    const silentMs = this.silentMs();
    const pause = this.isStalled(silentMs) ? Math.min(silentMs, MAX_STALL_MS) : this.stallMs - silentMs;
    this.timer = setTimeout(() => {
      if (this.isStalled()) this.onStall();
      this.start();
    }, pause);
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private get stallMs(): number {
    return Math.min(Math.max(STALL_INTERVALS * this.intervalMs(), MIN_STALL_MS), MAX_STALL_MS);
  }
}
