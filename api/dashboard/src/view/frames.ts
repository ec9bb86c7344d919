import { Emitter } from "./emitter";

// The sensors of one tick report within some 50 ms of each other.
const TICK_MS = 60;

/**
 * Joins all that changes between two pictures into one drawing.
 *
 * A hidden page draws nothing: what changed meanwhile is drawn once, when it is shown again.
 */
export class Frames extends Emitter {
  private asked = false;
  private waiting = false;

  constructor() {
    super();
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && (this.asked || this.waiting)) this.ask();
    });
  }

  /** Draw with the next picture: the reader has done something. */
  invalidate(): void {
    if (this.asked) return;
    this.asked = true;
    if (!document.hidden) this.ask();
  }

  /** Draw once all samples of this tick can have come. */
  gather(): void {
    if (this.waiting || this.asked) return;
    this.waiting = true;
    setTimeout(() => {
      if (this.waiting) this.invalidate();
    }, TICK_MS);
  }

  private ask(): void {
    requestAnimationFrame(() => {
      if (document.hidden || !(this.asked || this.waiting)) return;
      this.asked = this.waiting = false;
      this.emit();
    });
  }
}
