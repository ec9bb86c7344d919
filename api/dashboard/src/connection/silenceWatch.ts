// The stream is checked after this many intervals of silence: before its samples are stale.
const QUIET_INTERVALS = 1.5;
const MIN_QUIET_MS = 1_000;
// A collector reports its status every 10 s, so a healthy stream is never silent for longer.
const MAX_QUIET_MS = 12_000;

/**
 * Calls `onQuiet` while a stream is silent for longer than it should be, less and less often.
 *
 * A broken connection looks like a silent collector until another check distinguishes them.
 */
export class SilenceWatch {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly silentMs: () => number,
    private readonly intervalMs: () => number,
    private readonly onQuiet: () => void,
  ) {}

  /** Whether `silentMs` of silence is longer than a healthy stream's. */
  isQuiet(silentMs = this.silentMs()): boolean {
    return silentMs >= this.quietMs;
  }

  start(): void {
    clearTimeout(this.timer);
    const silentMs = this.silentMs();
    const pause = this.isQuiet(silentMs) ? Math.min(silentMs, MAX_QUIET_MS) : this.quietMs - silentMs;
    this.timer = setTimeout(() => {
      if (this.isQuiet()) this.onQuiet();
      this.start();
    }, pause);
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private get quietMs(): number {
    return Math.min(Math.max(QUIET_INTERVALS * this.intervalMs(), MIN_QUIET_MS), MAX_QUIET_MS);
  }
}
