import { useEffect, useRef } from "preact/hooks";
import type { Monitor } from "../monitor";
import { isGapAfter } from "../store/gaps";
import type { ChannelSeries } from "../store/series";
import { useMonitor } from "../view/hooks";
import { Surface } from "./canvas";
import { tint } from "./palette";
import { pixelOf } from "./throttle";

interface Props {
  readonly channel: string;
}

/** Utilization (filled) and temperature of one GPU over the span, without axes: 0 to 100. */
export function Sparkline({ channel }: Props) {
  const monitor = useMonitor();
  const canvas = useRef<HTMLCanvasElement>(null);
  const colours = monitor.theme.colours.value;
  useEffect(() => {
    if (canvas.current === null) return undefined;
    let drawn = "";
    const draw = () => {
      const series = monitor.charted?.series.get(channel);
      const { from, to } = monitor.span;
      const step = (to - from) / Math.max(surface.width, 1);
      const host = monitor.shown?.name ?? "";
      const state = [
        host,
        to - from,
        pixelOf(to, step, channel),
        series?.revision,
        monitor.detail.version,
        surface.width,
      ].join();
      if (state === drawn) return;
      drawn = state;
      paint(surface, monitor, series);
    };
    const surface = new Surface(canvas.current);
    const stops = [surface.size.subscribe(draw), monitor.frames.count.subscribe(draw)];
    return () => {
      for (const stop of stops) stop();
      surface.release();
    };
  }, [monitor, channel, colours]);
  return <canvas ref={canvas} class="sparkline" />;
}

function paint(surface: Surface, monitor: Monitor, series: ChannelSeries | undefined): void {
  const context = surface.clear();
  if (context === null || series === undefined) return;
  const interval = monitor.shown?.intervalMs ?? 2000;
  const utilization = trace(surface, monitor, series, "utilization", interval);
  context.fillStyle = `${tint("blue")}40`;
  context.fill(area(utilization, surface.height));
  stroke(context, path(utilization), tint("blue"));
  stroke(context, path(trace(surface, monitor, series, "temperature", interval)), tint("orange"));
}

type Run = [x: number, y: number][];

/** The runs between gaps, one point for each pixel: the mean of the samples in it. */
function trace(
  { width, height }: Surface,
  monitor: Monitor,
  series: ChannelSeries,
  name: string,
  interval: number,
): Run[] {
  const { from, to } = monitor.span;
  const runs: Run[] = [[]];
  let pixel = -1;
  let sum = 0;
  let count = 0;
  const flush = () => {
    if (count > 0) runs.at(-1)!.push([pixel + 0.5, height - 1 - ((height - 2) * sum) / count / 100]);
    sum = count = 0;
  };
  for (let index = series.indexFrom(from); index < series.length && series.times[index]! <= to; index += 1) {
    const x = Math.floor((width * (series.times[index]! - from)) / (to - from));
    if (x !== pixel) flush();
    pixel = x;
    const value = series.value(name, index);
    if (!Number.isNaN(value)) {
      sum += Math.min(Math.max(value, 0), 100);
      count += 1;
    }
    if (Number.isNaN(value) || isGapAfter(series, index, interval)) {
      flush();
      runs.push([]);
    }
  }
  flush();
  return runs;
}

function path(runs: readonly Run[]): Path2D {
  const line = new Path2D();
  for (const run of runs) {
    for (const [index, [x, y]] of run.entries()) {
      if (index === 0) line.moveTo(x, y);
      else line.lineTo(x, y);
    }
  }
  return line;
}

function area(runs: readonly Run[], bottom: number): Path2D {
  const shape = new Path2D();
  for (const run of runs) {
    const first = run[0];
    const last = run.at(-1);
    if (!(first && last)) continue;
    shape.moveTo(first[0], bottom);
    for (const [x, y] of run) shape.lineTo(x, y);
    shape.lineTo(last[0], bottom);
  }
  return shape;
}

function stroke(context: CanvasRenderingContext2D, line: Path2D, colour: string): void {
  context.strokeStyle = colour;
  context.lineWidth = 1; // wider ones take several times as long
  context.lineJoin = "round";
  context.stroke(line);
}
