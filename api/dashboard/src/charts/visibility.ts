import { type Signal, signal } from "@preact/signals";

const watched = new Map<Element, Signal<boolean>>();

const observer = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const known = watched.get(target);
    if (known) known.value = isIntersecting;
  }
});

// Printing shows the whole page, so all elements count as visible.
addEventListener("beforeprint", () => {
  for (const known of watched.values()) known.value = true;
});

/** Observes whether an element is visible on the screen, because invisible charts need not be drawn. */
export class Visibility {
  readonly isVisible = signal(false);

  constructor(private readonly element: Element) {
    watched.set(element, this.isVisible);
    observer.observe(element);
  }

  release(): void {
    observer.unobserve(this.element);
    watched.delete(this.element);
  }
}
