import { hashFromView, viewFromHash, type View } from "./view";

/** The view, kept in the page's address: a link or the browser's Back restores it. */
export class Address {
  view: View = viewFromHash(location.hash);

  constructor(private readonly onChange: () => void) {}

  start(): void {
    addEventListener("hashchange", () => {
      this.view = viewFromHash(location.hash);
      this.onChange();
    });
  }

  change(part: Partial<View>): void {
    const before = this.view;
    this.view = { ...before, ...part };
    const address = location.pathname + location.search + hashFromView(this.view);
    // Back leads to the previous host or GPU; ranges and zooms would be in its way.
    const isElsewhere = this.view.host !== before.host || this.view.gpu !== before.gpu;
    if (isElsewhere) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
    this.onChange();
  }
}
