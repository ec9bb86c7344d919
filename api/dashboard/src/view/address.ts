import { signal } from "@preact/signals";
import { hashFromView, type View, viewFromHash } from "./view";

/** The view, kept in the page's address: a link or the browser's Back restores it. */
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
    // Back leads to the previous page, host, GPU, run or comparison; ranges and zooms would be in its way.
    const isElsewhere = (["host", "gpu", "run", "page", "compare"] as const).some(
      (part) => view[part] !== before[part],
    );
    if (isElsewhere) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
    this.view.value = view;
  }
}
