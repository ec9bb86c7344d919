import { Emitter } from "./emitter";

/** The time of the cursor in all charts, by the collector's clock; null is now. */
export class Cursor extends Emitter {
  time: number | null = null;

  moveTo(time: number | null): void {
    if (time === this.time) return;
    this.time = time;
    this.emit();
  }
}
