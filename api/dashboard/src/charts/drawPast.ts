import type { Past } from "../store/past";
import type { Zoom } from "../view/view";
import type { Surface } from "./canvas";
import { tint } from "./palette";

// A gap longer than this many usual distances between points is an outage.
const MAX_GAP = 1.5;

/** Draw the utilization, from 0 to 100%, as a line with the area below it filled, over the span `bounds`. */
export function drawPast(surface: Surface, { times, values, width }: Past, bounds: Zoom): void {
  const context = surface.clear();
  if (context === null) return;
  const { height } = surface;
  const x = (time: number) => (surface.width * (time - bounds.from)) / (bounds.to - bounds.from);
  const y = (value: number) => height - 1 - ((height - 3) * Math.min(Math.max(value, 0), 100)) / 100;
  context.fillStyle = `${tint("blue")}40`;
  context.strokeStyle = tint("blue");
  context.lineWidth = 1;
  for (const [first, end] of stretches(times, width)) {
    const last = x((times[end - 1] ?? 0) + width);
    context.beginPath();
    context.moveTo(x(times[first] ?? 0), y(values[first] ?? 0));
    for (let index = first; index < end; index += 1)
      context.lineTo(x((times[index] ?? 0) + width / 2), y(values[index] ?? 0));
    context.lineTo(last, y(values[end - 1] ?? 0));
    context.stroke();
    context.lineTo(last, height);
    context.lineTo(x(times[first] ?? 0), height);
    context.fill();
  }
}

/** The stretches of points between outages, each as a half-open range of indices. */
export function stretches(times: readonly number[], width: number): [number, number][] {
  const found: [number, number][] = [];
  const usual = Math.max(width, usualSpacing(times));
  times.forEach((time, index) => {
    const current = found.at(-1);
    if (current && time - (times[index - 1] ?? time) <= MAX_GAP * usual) current[1] = index + 1;
    else found.push([index, index + 1]);
  });
  return found;
}

function usualSpacing(times: readonly number[]): number {
  const distances = times.slice(1).map((time, index) => time - (times[index] ?? time));
  return distances.sort((one, other) => one - other)[distances.length >> 1] ?? 0;
}
