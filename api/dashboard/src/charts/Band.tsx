import { useEffect, useRef } from "preact/hooks";
import type { Monitor } from "../monitor";
import { useMonitor } from "../view/hooks";
import { Surface } from "./canvas";
import { type Extent, envelopeOf } from "./envelope";
import { tint } from "./palette";
import { pixelOf } from "./throttle";

interface Props {
  readonly channel: string;
  /** The name of a column whose values are between 0 and 100. */
  readonly column: string;
  readonly class?: string | undefined;
}

/** The minimum and the maximum of a column for each pixel of the span, without axes: 0 to 100. */
export function Band({ channel, column, class: style }: Props) {
  const monitor = useMonitor();
  const canvas = useRef<HTMLCanvasElement>(null);
  const colours = monitor.theme.colours.value;
  useEffect(() => {
    if (canvas.current === null) return undefined;
    let drawn = "";
    const draw = () => {
      const series = monitor.charted?.series.get(channel);
      const { from, to } = monitor.span;
      // Drawn once it has moved by two pixels; the number beside it follows each sample.
      const step = (2 * (to - from)) / Math.max(surface.width, 1);
      const host = monitor.shown?.name ?? "";
      const pixel = pixelOf(to, step, channel);
      const state = [host, to - from, pixel, series?.revision, monitor.detail.version, surface.width].join();
      if (state === drawn) return;
      drawn = state;
      paint(surface, monitor, channel, column);
    };
    const surface = new Surface(canvas.current);
    const stops = [surface.size.subscribe(draw), monitor.frames.count.subscribe(draw)];
    return () => {
      for (const stop of stops) stop();
      surface.release();
    };
  }, [monitor, channel, column, colours]);
  return <canvas ref={canvas} class={style} />;
}

function paint(surface: Surface, monitor: Monitor, channel: string, column: string): void {
  const context = surface.clear();
  const series = monitor.charted?.series.get(channel);
  if (context === null || series === undefined) return;
  const interval = monitor.shown?.intervalMs ?? 2000;
  const shape = outline(envelopeOf(series, column, monitor.span, surface.width, interval), surface.height);
  context.fillStyle = `${tint("blue")}66`;
  context.fill(shape);
  context.strokeStyle = tint("blue");
  context.lineWidth = 1; // wider ones take several times as long
  context.lineJoin = "round";
  context.stroke(shape);
}

function outline(runs: readonly Extent[][], height: number): Path2D {
  const shape = new Path2D();
  // In the middle of a pixel, where a line of one pixel is sharp.
  const y = (value: number) => Math.round((height - 2) * (1 - Math.min(Math.max(value, 0), 100) / 100)) + 0.5;
  for (const run of runs) {
    const first = run[0]!;
    shape.moveTo(first.pixel, y(first.high));
    for (const { pixel, high } of run) shape.lineTo(pixel + 0.5, y(high));
    for (const { pixel, low } of run.toReversed()) shape.lineTo(pixel + 0.5, y(low));
    shape.lineTo(first.pixel, y(first.low));
    shape.closePath();
  }
  return shape;
}
