import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { Monitor } from "../monitor";
import { clockMinutes, clockTime, date, momentTime } from "../text/time";
import { useMonitor } from "../view/hooks";
import { rangeMs } from "../view/ranges";
import { zoomTo } from "../view/view";
import { hasRoom, labelFont, textScale, widest } from "./labels";
import type { Line, Scale } from "./lines";
import { tint } from "./palette";
import { pointsOf } from "./points";
import { hasJumped, pixelOf } from "./throttle";
import { listenToTouch } from "./touch";

interface Props {
  /** The channel whose samples are drawn. */
  readonly channel: string;
  readonly lines: readonly Line[];
  readonly scales: readonly Scale[];
  /** A description for screen readers; the newest values are appended. */
  readonly label: string;
  readonly testId: string;
}

const STEPS_IN_VIEW = 360;
const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
// Steps between the times on the axis; uPlot's own have none that suit five minutes.
const STEPS = [
  ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200],
  ...[1, 2, 5, 7, 14, 30].map((days) => 86_400 * days),
].map((step) => step * SECOND);

/** A chart of the rolling span. Rendering sets it up; it draws itself with each frame. */
export function TimeChart({ channel, lines, scales, label, testId }: Props) {
  const monitor = useMonitor();
  const container = useRef<HTMLDivElement>(null);
  const colours = monitor.theme.colours.value;
  const shape = [...lines.map((line) => line.key), ...scales.map((scale) => scale.id ?? scale.key)].join();
  useEffect(() => {
    const element = container.current;
    if (element === null) return undefined;
    const chart = new Chart(monitor, element, { channel, lines, scales, label, testId });
    return () => chart.destroy();
  }, [monitor, colours, channel, shape, label, testId]);
  return <div ref={container} class="chart" role="img" aria-label={label} data-testid={testId} />;
}

/** A time on the axis: the date at midnight, and where the steps are days. */
function axisTime(time: number, step: number): string {
  if (step < MINUTE) return clockTime(time);
  const minutes = clockMinutes(time);
  return step >= DAY || (step >= HOUR && minutes === "00:00") ? date(time) : minutes;
}

class Chart {
  private readonly textScale = textScale();
  private readonly font = labelFont(this.textScale);
  private readonly plot: uPlot;
  private readonly flag = document.createElement("div");
  private readonly stops: (() => void)[] = [];
  private drawn = "";
  private drawnPixel = NaN;
  private drawnNewest: number[] = [];

  constructor(
    private readonly monitor: Monitor,
    private readonly element: HTMLElement,
    private readonly props: Props,
  ) {
    this.plot = new uPlot(this.options(), [[], ...props.lines.map(() => [])], element);
    this.flag.className = "chart-time";
    this.plot.over.append(this.flag);
    const unit = document.createElement("small");
    unit.className = "axis-unit";
    unit.textContent = props.scales.find((scale) => scale.unit)?.unit ?? "";
    this.plot.over.append(unit);
    const resize = new ResizeObserver(() => this.fit());
    resize.observe(element);
    this.stops.push(
      () => resize.disconnect(),
      monitor.frames.count.subscribe(() => this.draw()),
      monitor.cursor.subscribe(() => this.showCursor()),
      listenToTouch(this.plot, (left, right) => this.zoomBetween(left, right)),
    );
    this.listen("mousemove", (event) => this.point(event as MouseEvent));
    this.listen("mouseleave", () => (monitor.cursor.value = null));
    element.addEventListener("keydown", this.steer);
    element.addEventListener("blur", this.leave);
    this.stops.push(() => {
      element.removeEventListener("keydown", this.steer);
      element.removeEventListener("blur", this.leave);
    });
  }

  destroy(): void {
    for (const each of this.stops) each();
    this.plot.destroy();
  }

  // Drawing is most of the cost of an update, and at 1 h a new sample moves the lines by a pixel at
  // most. So drawing is throttled: once they have moved by a pixel or a 360th of the span (10 s at 1 h,
  // 2.5 s at 15 m), or when the newest value has jumped. The charts are staggered.
  private draw(): void {
    const { monitor, plot, props } = this;
    const series = monitor.charted?.series.get(props.channel);
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
      series?.revision,
      monitor.detail.version,
      monitor.frozen !== null,
    ].join();
    const pixel = pixelOf(to, range / Math.min(Math.max(plot.width, 1), STEPS_IN_VIEW), props.testId);
    const newest = series ? props.lines.map((line) => line.read(series, series.length - 1)) : [];
    const mayGrow = !monitor.detail.isLoaded && (!series || series.last <= to + 10_000);
    const moved = fixed ? mayGrow : pixel !== this.drawnPixel;
    if (state === this.drawn && !moved && !hasJumped(newest, this.drawnNewest, this.heights())) return;
    this.drawn = state;
    this.drawnPixel = pixel;
    this.drawnNewest = newest;
    const interval = monitor.shown?.intervalMs ?? 2000;
    const data = pointsOf(
      series,
      { from, to },
      interval,
      props.lines.map((line) => line.read),
    );
    plot.batch(() => {
      plot.setData(data as uPlot.AlignedData, false);
      plot.setScale("x", { min: from, max: to });
    });
    this.showCursor();
    this.describe(series?.length ?? 0);
  }

  private heights(): number[] {
    return this.props.lines.map((line) => {
      const { min = 0, max = 0 } = this.plot.scales[line.scale] ?? {};
      return (max ?? 0) - (min ?? 0);
    });
  }

  private describe(points: number): void {
    const { channel, label, lines } = this.props;
    const series = this.monitor.charted?.series.get(channel);
    const newest = lines.map((line) => {
      const value = series && points > 0 ? line.read(series, points - 1) : NaN;
      return `${line.label} ${line.format(Number.isNaN(value) ? null : value)}`;
    });
    this.element.setAttribute("aria-label", newest.length > 0 ? `${label}. Latest: ${newest.join(", ")}.` : label);
  }

  private fit(): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (width > 0 && height > 0 && (width !== this.plot.width || height !== this.plot.height)) {
      this.plot.setSize({ width, height });
      this.draw();
    }
  }

  private point(event: MouseEvent): void {
    const left = event.clientX - this.plot.over.getBoundingClientRect().left;
    this.monitor.cursor.value = this.plot.posToVal(left, "x");
  }

  private showCursor(): void {
    const time = this.monitor.cursor.peek();
    const left = time === null ? -10 : this.plot.valToPos(time, "x");
    const width = this.plot.bbox.width / devicePixelRatio; // reading it from the element would force a layout
    const inside = left >= 0 && left <= width;
    this.flag.hidden = !inside;
    if (inside && time !== null) {
      const text = momentTime(time, this.monitor.now);
      this.flag.textContent = text;
      const hasRoomAtRight = left < width - (text.length * 7 + 20) * this.textScale;
      this.flag.style.transform = `translateX(${Math.round(left)}px)${hasRoomAtRight ? "" : " translateX(calc(-100% - 10px))"}`;
    }
    this.plot.setCursor(inside ? { left, top: 0 } : { left: -10, top: -10 }, false);
  }

  private readonly leave = () => (this.monitor.cursor.value = null);

  private readonly steer = (event: KeyboardEvent) => {
    const { cursor, span, view } = this.monitor;
    const width = span.to - span.from;
    const time = cursor.peek() ?? span.to;
    const step = event.shiftKey ? width / 10 : width / 100;
    if (event.key === "ArrowLeft") cursor.value = Math.max(time - step, span.from);
    else if (event.key === "ArrowRight") cursor.value = Math.min(time + step, span.to);
    else if (event.key === "+") this.zoomAround(time, width / 2);
    else if (event.key === "-" && view.zoom) this.zoomAround(time, width * 2);
    else return;
    event.preventDefault();
  };

  private zoomAround(time: number, width: number): void {
    const { ranges, span } = this.monitor;
    const { from, to } = span;
    const longest = Math.max(...ranges.map(rangeMs));
    const start = time - (width * (time - from)) / (to - from);
    this.monitor.change({ zoom: width >= longest ? null : zoomTo(start, start + width) });
  }

  private listen(event: string, listener: (event: Event) => void): void {
    this.plot.over.addEventListener(event, listener);
  }

  private options(): uPlot.Options {
    const { font, textScale } = this;
    const { lines, scales } = this.props;
    const height = Math.max(this.element.clientHeight, 50);
    const grid = { stroke: tint("grid"), width: 1 };
    const common = { stroke: tint("axis"), font, ticks: { show: false } };
    return {
      width: Math.max(this.element.clientWidth, 50),
      height,
      ms: 1,
      legend: { show: false }, // uPlot's own would add labels to the page, some of them as markup
      padding: [8 * textScale, scales.some((scale) => scale.side === "right") ? 0 : 12, 0, 0],
      scales: {
        x: { time: true, auto: false },
        ...Object.fromEntries(
          scales.map((scale): [string, uPlot.Scale] => [
            scale.key,
            { range: (_, low, high) => scale.range(low, high) },
          ]),
        ),
      },
      axes: [
        {
          ...common,
          grid,
          size: 22 * textScale,
          gap: 6,
          space: 58 * textScale,
          incrs: STEPS,
          values: (plot, splits, __, ___, step) => {
            const format = (time: number) => axisTime(time, step);
            return splits.map((time) => (hasRoom(plot, time, format(time), font) ? format(time) : null));
          },
        },
        ...scales.map(
          (scale, index): uPlot.Axis => ({
            ...common,
            scale: scale.key,
            side: scale.side === "left" ? 3 : 1,
            grid: { ...grid, show: index === 0 },
            stroke: tint(scale.tint ?? "axis"),
            size: (plot, labels) =>
              Math.max((scale.side === "left" ? 46 : 42) * textScale, widest(plot, labels ?? [], font) + 12),
            gap: 6,
            space: (height < 130 ? 22 : 36) * textScale,
            values: (_, splits) => splits.map(scale.format),
          }),
        ),
      ],
      series: [
        {},
        ...lines.map(
          (line): uPlot.Series => ({
            scale: line.scale,
            stroke: tint(line.tint),
            width: line.filled ? 1.75 : 1.4,
            points: { show: false },
            ...(line.dash ? { dash: [...line.dash] } : {}),
            ...(line.filled ? { fill: `${tint(line.tint)}26` } : {}),
          }),
        ),
      ],
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false },
        points: { size: 6 },
        bind: { dblclick: () => () => this.reset() },
      },
      hooks: {
        setSelect: [(plot) => this.select(plot)],
      },
    };
  }

  private reset(): null {
    this.monitor.change({ zoom: null });
    return null;
  }

  private select(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < 4) return;
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.zoomBetween(left, left + width);
  }

  private zoomBetween(left: number, right: number): void {
    const zoom = zoomTo(this.plot.posToVal(left, "x"), this.plot.posToVal(right, "x"));
    if (zoom) this.monitor.change({ zoom });
  }
}
