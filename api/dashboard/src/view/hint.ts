import { signal } from "@preact/signals";
import type { Monitor } from "../monitor";

export type HintText = string | ((monitor: Monitor) => string);

interface OpenHint {
  /** The element that the text explains. */
  readonly anchor: HTMLElement;
  readonly text: HintText;
}

// An explanation stays open for this long, so that the pointer can cross the gap between the word and the explanation.
const GRACE_MS = 150;

/** Opens and closes explanations; at most one is open at a time. */
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

  /**
   * Hide the explanation shortly after the pointer leaves. It stays open if the pointer returns in time, or if the
   * explained element has the keyboard focus.
   */
  leave(): void {
    this.keep();
    if (this.open.peek()?.anchor === document.activeElement) return;
    this.timer = setTimeout(() => this.hide(), GRACE_MS);
  }

  keep(): void {
    clearTimeout(this.timer);
  }
}
