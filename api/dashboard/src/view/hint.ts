import { signal } from "@preact/signals";
import type { Monitor } from "../monitor";

export type HintText = string | ((monitor: Monitor) => string);

interface OpenHint {
  /** What the text explains. */
  readonly anchor: HTMLElement;
  readonly text: HintText;
}

// The pointer may cross the gap between a word and its explanation.
const GRACE_MS = 150;

/** The one explanation that is open. */
export class OpenHints {
  readonly open = signal<OpenHint | null>(null);
  private timer: ReturnType<typeof setTimeout> | undefined;

  show(anchor: HTMLElement, text: HintText): void {
    this.keep();
    if (this.open.peek()?.anchor !== anchor) this.open.value = { anchor, text };
  }

  hide(): void {
    this.keep();
    this.open.value = null;
  }

  /** The pointer has left: hide it, unless the pointer returns or the keyboard focus is on it. */
  leave(): void {
    this.keep();
    if (this.open.peek()?.anchor === document.activeElement) return;
    this.timer = setTimeout(() => this.hide(), GRACE_MS);
  }

  keep(): void {
    clearTimeout(this.timer);
  }
}
