import { signal } from "@preact/signals";

// The sensors of one tick report within about 50 ms of each other.
const TICK_MS = 60;

/**
 * Merges all changes between two frames of the browser into one drawing.
 *
 * A hidden page draws nothing: its changes are drawn once, when it is visible again.
 */
export class Frames {
  /** Counts the frames. A host's data changes in place, so whatever reads it depends on this count. */
  readonly count = signal(0);
  private requested = false;
  private gathering = false;

  /** `onFrame` is called before each drawing. */
  constructor(private readonly onFrame: () => void) {
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && (this.requested || this.gathering)) this.request();
    });
  }

  /** Draw with the next frame: the reader has done something. */
  invalidate(): void {
    if (this.requested) return;
    this.requested = true;
    if (!document.hidden) this.request();
  }

  /** Draw once all samples of this tick should have arrived. */
  gather(): void {
    if (this.gathering || this.requested) return;
    this.gathering = true;
    setTimeout(() => {
      if (this.gathering) this.invalidate();
    }, TICK_MS);
  }

  private request(): void {
    requestAnimationFrame(() => {
      if (document.hidden || !(this.requested || this.gathering)) return;
      this.requested = this.gathering = false;
      this.onFrame();
      this.count.value += 1;
    });
  }
}
