import { effect, untracked } from "@preact/signals";
import uPlot from "uplot";
import type { Zoom } from "../view/view";
import { alignedMeans, type Source, stepMs } from "./aligned";
import { ChartCursor } from "./chartCursor";
import { ChartMarks } from "./chartMarks";
import { labelFont, textScale } from "./labels";
import type { Line, Scale } from "./lines";
import { plotOptions, X_GAP } from "./plotOptions";
import { pointsOf } from "./points";
import { readingOf, timeOfReading } from "./reading";
import type { ChartSource } from "./source";
import { stacked } from "./stack";
import styles from "./TimeChart.module.css";
import { hasJumped, pixelOf } from "./throttle";
import { Visibility } from "./visibility";

export interface Drawn {
  /** The channel whose samples are drawn, except for lines with a channel of their own. */
  readonly channel: string;
  readonly lines: readonly Line[];
  readonly scales: readonly Scale[];
  /** The name of the chart for screen readers. */
  readonly label: string;
  readonly testId: string;
  /** Whether the lines are drawn as stacked areas. If so, the last line is the total. */
  readonly isStacked?: boolean;
}

const STEPS_IN_VIEW = 360;
const MAX_PAUSE_MS = 4_000;
const MIN_PIXELS = 50;

/**
 * A chart of the span that the page shows.
 *
 * Whenever the page is redrawn, the chart is redrawn if enough has changed; see `draw`.
 */
export class Chart {
  private readonly textScale = textScale();
  private readonly plot: uPlot;
  private readonly cursor: ChartCursor;
  private readonly marks: ChartMarks;
  private readonly visibility: Visibility;
  private readonly stops: (() => void)[];
  private drawn = "";
  private drawnPixel = NaN;
  private drawnNewest: number[] = [];

  constructor(
    private readonly monitor: ChartSource,
    private readonly element: HTMLElement,
    private readonly props: Drawn,
  ) {
    const font = labelFont(this.textScale);
    this.marks = new ChartMarks(props.channel, font, this.textScale);
    const options = plotOptions({
      ...props,
      ...sizeOf(element),
      font,
      marks: this.marks,
      times: monitor.times,
      textScale: this.textScale,
      select: () => this.cursor.select(),
      reset: () => this.monitor.change({ zoom: null }),
    });
    this.plot = new uPlot(options, [[], ...props.lines.map(() => [])], element);
    this.cursor = new ChartCursor(monitor, this.plot, element, this.textScale, this.marks);
    const unit = document.createElement("small");
    unit.className = styles.unit!;
    unit.textContent = props.scales.find((scale) => scale.unit)?.unit ?? "";
    this.plot.over.append(unit);
    this.visibility = new Visibility(element);
    const resize = new ResizeObserver(() => this.fit());
    resize.observe(element);
    this.stops = [
      () => resize.disconnect(),
      () => this.cursor.stop(),
      () => this.visibility.release(),
      effect(() => {
        void monitor.frames.count.value;
        if (this.visibility.isVisible.value) untracked(() => this.draw());
      }),
      monitor.cursor.subscribe(() => {
        if (document.activeElement === element) this.describe(); // screen readers read it aloud
      }),
    ];
  }

  destroy(): void {
    for (const each of this.stops) each();
    this.plot.destroy();
  }

  // Drawing is most of the cost of an update, and in a span of 1 h, a new sample moves the lines by a pixel at most.
  // So new samples are drawn only if a value has jumped, or if the lines have moved by the longest of three distances:
  // a pixel, a 360th of the span (10 s of 1 h), and two intervals (at most 4 s). The charts are drawn at different
  // times, so that a new sample does not cause all charts to be drawn.
  private draw(): void {
    const { monitor, plot, props } = this;
    const sources = this.sources();
    const series = sources[0]?.series;
    const { from, to } = monitor.span;
    const range = Math.round(to - from);
    const fixed = monitor.view.zoom ? `${from}` : "";
    const host = monitor.shown?.name ?? "";
    const state = [
      host,
      range,
      fixed,
      plot.width,
      plot.height,
      ...sources.map((each) => each.series?.revision),
      monitor.detail.version,
      monitor.frozen !== null,
    ].join();
    const interval = monitor.shown?.intervalMs ?? 2000;
    const isAligned = props.lines.some((line) => line.channel);
    const step = Math.max(
      range / Math.min(Math.max(plot.width, 1), STEPS_IN_VIEW),
      Math.min(2 * interval, MAX_PAUSE_MS),
      isAligned ? stepMs(interval) : 0,
    );
    const pixel = pixelOf(to, step, props.testId);
    const newest = sources.map((each) => (each.series ? each.read(each.series, each.series.length - 1) : NaN));
    const mayGrow = !monitor.detail.isLoaded && (!series || series.last <= to + 10_000);
    const moved = fixed ? mayGrow : pixel !== this.drawnPixel;
    const { moments } = monitor;
    const isSame = state === this.drawn && this.marks.hasDrawn(moments);
    if (isSame && !moved && !hasJumped(newest, this.drawnNewest, this.heights())) return;
    this.drawn = state;
    this.drawnPixel = pixel;
    this.drawnNewest = newest;
    const data = isAligned
      ? this.aligned(sources, { from, to }, interval)
      : pointsOf(
          series,
          { from, to },
          interval,
          props.lines.map((line) => line.read),
        );
    const needsRoom = this.marks.update(moments, { from, to }, monitor.now, plot.height);
    plot.axes[0]!.gap = X_GAP + this.marks.room;
    plot.batch(() => {
      plot.setData(data as uPlot.AlignedData, false);
      plot.setScale("x", { min: from, max: to });
      if (needsRoom) plot.redraw(false, true);
    });
    this.cursor.show();
    this.describe();
  }

  private aligned(sources: readonly Source[], span: Zoom, interval: number) {
    const means = alignedMeans(sources, span, interval);
    return this.props.isStacked ? stacked(means) : means;
  }

  private sources(): Source[] {
    const { channel, lines } = this.props;
    const data = this.monitor.charted;
    return lines.map((line) => ({ series: data?.seriesAt(line.channel ?? channel), read: line.read }));
  }

  private heights(): number[] {
    return this.props.lines.map((line) => {
      const { min = 0, max = 0 } = this.plot.scales[line.scale] ?? {};
      return (max ?? 0) - (min ?? 0);
    });
  }

  private readonly describe = (): void => {
    const { monitor, element, props } = this;
    const { from, to } = monitor.span;
    const time = timeOfReading(monitor, props.channel) || monitor.times.newest;
    const values = props.lines.map((line) => `${line.label} ${readingOf(monitor, props.channel, line)}`);
    // The share is negative if the cursor has left the span.
    const share = ((monitor.cursor.peek() ?? to) - from) / (to - from);
    element.setAttribute("aria-valuenow", `${Math.round(100 * Math.max(share, 0))}`);
    const texts = [`${values.join(", ")} ${time}`.trim(), ...this.cursor.annotations()];
    element.setAttribute("aria-valuetext", texts.join(". "));
  };

  private fit(): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (width > 0 && height > 0 && (width !== this.plot.width || height !== this.plot.height)) {
      this.plot.setSize({ width, height });
      this.draw();
    }
  }
}

function sizeOf(element: HTMLElement): { readonly width: number; readonly height: number } {
  return { width: Math.max(element.clientWidth, MIN_PIXELS), height: Math.max(element.clientHeight, MIN_PIXELS) };
}
