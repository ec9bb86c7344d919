import { signal } from "@preact/signals";

// The samples of one tick arrive within about 50 ms, so after this time they can be drawn together.
const TICK_MS = 60;

/**
 * Draws all changes since the browser's last frame at once.
 *
 * A hidden page draws nothing. When it becomes visible again, all of its changes are drawn at once.
 */
export class Frames {
  /** The number of frames. A host's data changes in place, so code that reads the data must depend on this number. */
  readonly count = signal(0);
  private requested = false;
  private gathering = false;

  /** `onFrame` is called before each drawing. */
  constructor(private readonly onFrame: () => void) {
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && (this.requested || this.gathering)) this.request();
    });
  }

  /** Draw with the next frame, without waiting for more samples; for changes that the reader caused. */
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
