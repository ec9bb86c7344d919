import { signal } from "@preact/signals";
import { hashFromView, type View, viewFromHash } from "./view";

/** Stores the view in the page's address, so that a link or the browser's Back button restores the view. */
export class Address {
  readonly view = signal<View>(viewFromHash(location.hash));

  start(): void {
    addEventListener("hashchange", () => {
      this.view.value = viewFromHash(location.hash);
    });
  }

  change(part: Partial<View>): void {
    const before = this.view.peek();
    const view = { ...before, ...part };
    const address = location.pathname + location.search + hashFromView(view);
    // The Back button leads to the previous page, host, GPU, run or comparison. A new range or zoom adds no entry to
    // the browser's history, so that Back does not have to step through all ranges and zooms.
    const isElsewhere = (["host", "gpu", "run", "page", "compare"] as const).some(
      (part) => view[part] !== before[part],
    );
    if (isElsewhere) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
    this.view.value = view;
  }
}
