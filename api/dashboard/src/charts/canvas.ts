import { signal } from "@preact/signals";

/** A canvas at the screen's resolution. An observer tracks its size, since reading the size forces a layout. */
export class Surface {
  width = 0;
  height = 0;
  /** The size as text, such as `300x150`; empty until the size is known. */
  readonly size = signal("");
  private readonly observer: ResizeObserver;

  constructor(private readonly element: HTMLCanvasElement) {
    this.observer = new ResizeObserver(() => {
      this.width = element.clientWidth;
      this.height = element.clientHeight;
      this.size.value = `${this.width}x${this.height}`;
    });
    this.observer.observe(element);
  }

  /** Clear the canvas and return its context; null while the canvas has no size. */
  clear(): CanvasRenderingContext2D | null {
    const context = this.element.getContext("2d");
    const density = Math.min(devicePixelRatio || 1, 3);
    const width = Math.round(this.width * density);
    const height = Math.round(this.height * density);
    if (context === null || width === 0 || height === 0) return null;
    if (this.element.width !== width || this.element.height !== height) {
      this.element.width = width;
      this.element.height = height;
    }
    context.setTransform(density, 0, 0, density, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    return context;
  }

  release(): void {
    this.observer.disconnect();
  }
}
