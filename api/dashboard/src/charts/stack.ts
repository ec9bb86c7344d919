import type uPlot from "uplot";

type Column = (number | null)[];

/**
 * Turns lines into areas stacked from the bottom. The last line is the total, which limits the stack's height.
 *
 * An area is null at a step where its value is missing or 0, or where the total is missing. The total's area fills
 * the space above the other areas.
 */
export function stacked([times, ...lines]: readonly [number[], ...Column[]]): [number[], ...Column[]] {
  const totals = lines.at(-1) ?? [];
  const bases = totals.map(() => 0);
  const areas = lines.slice(0, -1).map((line) =>
    totals.map((total, step): number | null => {
      const value = line[step] ?? 0;
      if (total === null || value <= 0) return null;
      bases[step] = Math.min(bases[step]! + value, total);
      return bases[step]!;
    }),
  );
  return [times, ...areas, totals];
}

/** The path of one area of a stack. The area reaches from its own values down to the highest area below it, or to 0. */
export function areaPath(plot: uPlot, index: number, first: number, last: number): uPlot.Series.Paths {
  const times = plot.data[0];
  const values = plot.data[index] ?? [];
  const scale = plot.series[index]?.scale ?? "";
  const half = times.length > 1 ? (times[1]! - times[0]!) / 2 : 0;
  const x = (time: number) => plot.valToPos(time, "x", true);
  const y = (value: number) => plot.valToPos(value, scale, true);
  const [stroke, fill] = [new Path2D(), new Path2D()];
  for (const [from, to] of runsOf(values, first, last)) {
    const [left, right] = [x(times[from]! - half), x(times[to]! + half)];
    const steps = Array.from({ length: to - from + 1 }, (_, step) => from + step);
    const top = steps.map((step): [number, number] => [x(times[step]!), y(values[step]!)]);
    const bottom = steps.map((step): [number, number] => [x(times[step]!), y(below(plot.data, index, step))]);
    const upper: [number, number][] = [[left, top[0]![1]], ...top, [right, top.at(-1)![1]]];
    const lower: [number, number][] = [[left, bottom[0]![1]], ...bottom, [right, bottom.at(-1)![1]]];
    trace(stroke, upper);
    trace(fill, [...upper, ...lower.reverse()]);
    fill.closePath();
  }
  return { stroke, fill };
}

function trace(path: Path2D, points: readonly [number, number][]): void {
  path.moveTo(...points[0]!);
  for (const point of points.slice(1)) path.lineTo(...point);
}

/** The first and the last step of each stretch without nulls. */
function runsOf(values: ArrayLike<number | null | undefined>, first: number, last: number): [number, number][] {
  const runs: [number, number][] = [];
  for (let step = first; step <= last; step += 1) {
    if (values[step] == null) continue;
    const run = runs.at(-1);
    if (run?.[1] === step - 1) run[1] = step;
    else runs.push([step, step]);
  }
  return runs;
}

function below(data: uPlot.AlignedData, index: number, step: number): number {
  for (let lower = index - 1; lower > 0; lower -= 1) {
    const value = data[lower]?.[step];
    if (value != null) return value;
  }
  return 0;
}
