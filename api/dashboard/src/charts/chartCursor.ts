import type uPlot from "uplot";
import { zoomTo } from "../view/view";
import type { ChartMarks } from "./chartMarks";
import { listenToClick } from "./click";
import { labelsAt, linesAt } from "./marks";
import type { ChartSource } from "./source";
import styles from "./TimeChart.module.css";
import { listenToTouch } from "./touch";

// How long the values at a tap are shown.
const TAP_MS = 5_000;
const MAX_LABELS = 5;
const MARGIN = 5; // the flag's margin in styles/charts.css
const REACH_PIXELS = 5;

// All charts share one cursor, so they also share this state.
let tapTimer: ReturnType<typeof setTimeout> | undefined;
/**
 * The chart in which the user moves the cursor.
 *
 * In every chart, a small box at the cursor shows the time. In this chart, the box also lists the annotations, findings
 * and runs at that time.
 */
let pointed: ChartCursor | undefined;
/**
 * Whether the cursor was last moved by a key.
 *
 * If so, the cursor stays when the mouse leaves a chart or the chart moves away from under the mouse.
 */
let isKeyed = false;

/** Moves the cursor and zooms a chart, by mouse, touch or keyboard. All charts share one cursor. */
export class ChartCursor {
  private readonly flag = document.createElement("div");
  private readonly stops: (() => void)[] = [];
  private text = "";

  constructor(
    private readonly monitor: ChartSource,
    private readonly plot: uPlot,
    element: HTMLElement,
    private readonly textScale: number,
    private readonly marks: ChartMarks,
  ) {
    this.flag.className = styles.time!;
    this.flag.dataset.testid = "chart-time";
    plot.over.append(this.flag);
    const request = new AbortController();
    const options = { signal: request.signal };
    plot.over.addEventListener("pointerdown", (event) => this.point(event), options);
    plot.over.addEventListener("pointermove", (event) => this.point(event), options);
    plot.over.addEventListener("pointerleave", (event) => this.release(event), options);
    plot.over.addEventListener("pointercancel", this.leave, options);
    element.addEventListener("keydown", this.onKeyDown, options);
    element.addEventListener("blur", () => pointed === this && this.leave(), options); // a tap may have moved it
    this.stops.push(
      () => request.abort(),
      monitor.cursor.subscribe(() => this.show()),
      listenToClick(plot.over, (x) => {
        const time = this.timeAt(x);
        if (time !== null) monitor.annotate?.(time);
      }),
      listenToTouch(plot, (left, right) => this.zoomBetween(left, right)),
    );
  }

  stop(): void {
    for (const each of this.stops) each();
    if (pointed === this) pointed = undefined;
  }

  show(): void {
    const time = this.monitor.cursor.peek();
    if (time === null && this.flag.hidden) return;
    const left = time === null ? -10 : this.plot.valToPos(time, "x");
    const width = this.plot.bbox.width / devicePixelRatio; // reading the element's width would force a layout
    const inside = left >= 0 && left <= width;
    this.flag.hidden = !inside;
    if (inside && time !== null) {
      const texts = [this.monitor.times.text(time, this.monitor.now), ...this.labels(time)];
      this.write(texts);
      const needed = (Math.max(...texts.map(({ length }) => length)) * 7 + 20) * this.textScale;
      const isRight = needed < width - left || width - left > left;
      this.flag.style.maxWidth = `${Math.round((isRight ? width - left : left) - 2 * MARGIN)}px`;
      this.flag.style.transform = `translateX(${Math.round(left)}px)${isRight ? "" : ` translateX(calc(-100% - ${2 * MARGIN}px))`}`;
    }
    this.plot.setCursor(inside ? { left, top: 0 } : { left: -10, top: -10 }, false);
  }

  /**
   * The labels of the annotations at the cursor, for screen readers.
   *
   * Findings and runs are omitted: they cover a span, so a screen reader would repeat them at each step of the cursor.
   */
  annotations(): string[] {
    const time = this.monitor.cursor.peek();
    return time === null ? [] : linesAt(this.marks.current, time, this.reach).map(({ label }) => label);
  }

  private get reach(): number {
    return this.plot.posToVal(REACH_PIXELS, "x") - this.plot.posToVal(0, "x");
  }

  /**
   * The labels of the annotations, findings and runs at the cursor; none unless the user moves it in this chart.
   *
   * If there are more than `MAX_LABELS`, the last label says how many are left out.
   */
  private labels(time: number): string[] {
    if (pointed !== this) return [];
    const labels = labelsAt(this.marks.current, time, this.reach);
    const more = labels.length - MAX_LABELS;
    return more > 0 ? [...labels.slice(0, MAX_LABELS), `and ${more} more`] : labels;
  }

  private write(texts: readonly string[]): void {
    const text = texts.join("\n");
    if (text === this.text) return;
    this.text = text;
    this.flag.textContent = text;
  }

  /** Zoom to the span that the user has dragged over. */
  select(): void {
    const { plot } = this;
    const { left, width } = plot.select;
    if (width < 4) return;
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.zoomBetween(left, left + width);
  }

  /** The time at `clientX` on the screen; null if the chart has not been drawn yet. */
  private timeAt(clientX: number): number | null {
    const { over, scales } = this.plot;
    return scales.x?.min == null ? null : this.plot.posToVal(clientX - over.getBoundingClientRect().left, "x");
  }

  private point(event: MouseEvent): void {
    const time = this.timeAt(event.clientX);
    if (time === null) return;
    clearTimeout(tapTimer);
    pointed = this;
    isKeyed = false;
    this.monitor.cursor.value = time;
  }

  /**
   * Remove the cursor when the mouse leaves the chart, or a few seconds after a finger is lifted.
   *
   * The delay lets the user read the values at the cursor. A cursor moved with the keyboard stays.
   */
  private release({ pointerType }: PointerEvent): void {
    if (isKeyed) return;
    if (pointerType === "mouse") this.leave();
    else tapTimer = setTimeout(this.leave, TAP_MS);
  }

  private readonly leave = (): void => {
    pointed = undefined;
    isKeyed = false;
    this.monitor.cursor.value = null;
  };

  private readonly onKeyDown = (event: KeyboardEvent) => {
    const { cursor, span, view } = this.monitor;
    const width = span.to - span.from;
    const time = Math.max(cursor.peek() ?? span.to, span.from); // the span may have moved past the cursor
    const step = event.shiftKey ? width / 10 : width / 100;
    const target = this.keyTarget(event.key, time, step);
    if (target !== undefined) {
      clearTimeout(tapTimer);
      pointed = this;
      isKeyed = target !== null;
      cursor.value = target;
    } else if (event.key === "+") this.zoomAround(time, width / 2);
    else if (event.key === "-" && view.zoom) this.zoomAround(time, width * 2);
    else return;
    event.preventDefault();
  };

  /** The time to which `key` moves the cursor; null if `key` removes the cursor; undefined for any other key. */
  private keyTarget(key: string, time: number, step: number): number | null | undefined {
    const { span } = this.monitor;
    if (key === "ArrowLeft") return Math.max(time - step, span.from);
    if (key === "ArrowRight") return Math.min(time + step, span.to);
    if (key === "Home") return span.from;
    return key === "End" ? null : undefined;
  }

  private zoomAround(time: number, width: number): void {
    const { longest, span } = this.monitor;
    const { from, to } = span;
    const start = time - (width * (time - from)) / (to - from);
    this.monitor.change({ zoom: width >= longest ? null : zoomTo(start, start + width) });
  }

  private zoomBetween(left: number, right: number): void {
    const zoom = zoomTo(this.plot.posToVal(left, "x"), this.plot.posToVal(right, "x"));
    if (zoom) this.monitor.change({ zoom });
  }
}
