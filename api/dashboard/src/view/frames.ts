import { signal } from "@preact/signals";

// The samples of one tick arrive within about 50 ms, so after this time they can be drawn together.
const TICK_MS = 60;

/**
 * Draws the page in the browser's next frame; each drawing shows all changes since the previous one.
 *
 * Nothing is drawn while the page is hidden. When the page becomes visible again, it is drawn with all changes.
 */
export class Frames {
  /**
   * How many times the page has been drawn. A host's data is not a signal, so code that reads the data must also read
   * this signal in order to run again at the next drawing.
   */
  readonly count = signal(0);
  private requested = false;
  private gathering = false;

  /** `onFrame` is called before each drawing. */
  constructor(private readonly onFrame: () => void) {
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && (this.requested || this.gathering)) this.request();
    });
  }

  /** Draw in the next frame, without waiting for more samples. Call this for changes that the user makes. */
  invalidate(): void {
    if (this.requested) return;
    this.requested = true;
    if (!document.hidden) this.request();
  }

  /** Draw after a short delay, so that samples taken at the same time are drawn together. */
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
