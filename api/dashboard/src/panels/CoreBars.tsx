import { useEffect, useLayoutEffect, useReducer, useRef, useState } from "preact/hooks";
import { Surface } from "../charts/canvas";
import { tint } from "../charts/palette";
import { percent } from "../text/numbers";
import { useTheme } from "../view/hooks";
import { Meter } from "./Meter";

interface Props {
  readonly cores: readonly (number | null)[];
}

const MAX_ROWS = 16;
const BARS_IN_LINE = 64;
const LINE_HEIGHT = 34;
const BUSY = 90;

/** A bar for each core: with a few cores labelled rows, with many upright bars in lines of 64. */
export function CoreBars({ cores }: Props) {
  if (cores.length === 0) return null;
  return cores.length <= MAX_ROWS ? <Rows cores={cores} /> : <Lines cores={cores} />;
}

function Rows({ cores }: Props) {
  return (
    <ul class={`cores${cores.length > 4 ? " two" : ""}`} data-testid="core-bars" data-cores={cores.length}>
      {cores.map((value, core) => (
        <li key={core}>
          <span class="label">Core {core}: <b>{percent(value)}</b></span>
          <Meter label={`Core ${core}`} value={value} text={percent(value)} tint="blue" />
        </li>
      ))}
    </ul>
  );
}

function Lines({ cores }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [chosen, choose] = useState<number | null>(null);
  useTheme();
  const lines = Math.ceil(cores.length / BARS_IN_LINE);
  const inLine = Math.ceil(cores.length / lines);
  const surface = useRef<Surface | null>(null);
  const [, resized] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    if (canvas.current === null) return undefined;
    const made = new Surface(canvas.current, () => resized(undefined as never));
    surface.current = made;
    return () => made.release();
  }, []);
  // With the render: an effect after it would ask for a second picture.
  useLayoutEffect(() => {
    if (surface.current) paint(surface.current, cores, inLine, chosen);
  });
  const move = (by: number) => {
    choose(Math.min(Math.max((chosen ?? -1) + by, 0), cores.length - 1));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -inLine, ArrowDown: inLine }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    move(by);
  };
  const onMouseMove = (event: MouseEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * inLine);
    const line = Math.floor(((event.clientY - box.top) / box.height) * lines);
    choose(Math.min(Math.max(line * inLine + column, 0), cores.length - 1));
  };
  const summary = summaryOf(cores);
  return (
    <div class="core-lines">
      <canvas
        ref={canvas}
        style={{ height: `${lines * LINE_HEIGHT}px` }}
        role="img"
        aria-label={`${cores.length} cores. ${summary}`}
        tabIndex={0}
        data-testid="core-bars"
        data-cores={cores.length}
        onMouseMove={onMouseMove}
        onMouseLeave={() => choose(null)}
        onBlur={() => choose(null)}
        onKeyDown={onKeyDown}
      />
      <p class="core-said" data-testid="core-said">
        {chosen === null ? summary : `Core ${chosen}: ${percent(cores[chosen])}`}
      </p>
    </div>
  );
}

function summaryOf(cores: readonly (number | null)[]): string {
  let busiest = -1;
  let busy = 0;
  cores.forEach((value, core) => {
    if (value === null) return;
    if (value >= BUSY) busy += 1;
    if (busiest < 0 || value > (cores[busiest] ?? -1)) busiest = core;
  });
  if (busiest < 0) return "Nothing is reported.";
  return `Core ${busiest}: ${percent(cores[busiest])} is the busiest; ${busy} of ${cores.length} at ${BUSY}% or more`;
}

function paint(
  surface: Surface,
  cores: readonly (number | null)[],
  inLine: number,
  chosen: number | null,
): void {
  const context = surface.clear();
  if (context === null) return;
  const step = surface.width / inLine;
  const gap = step > 4 ? 1 : 0.5;
  const height = LINE_HEIGHT - 6;
  const bar = (core: number, value: number) => {
    const bottom = Math.floor(core / inLine) * LINE_HEIGHT + height;
    const size = Math.max((height * Math.min(value, 100)) / 100, 1);
    context.rect((core % inLine) * step, bottom - size, step - gap, size);
  };
  const fill = (colour: string, wanted: (value: number | null, core: number) => boolean, whole = false) => {
    context.beginPath();
    cores.forEach((value, core) => {
      if (wanted(value, core)) bar(core, whole ? 100 : value ?? 0);
    });
    context.fillStyle = colour;
    context.fill();
  };
  fill(tint("track"), () => true, true);
  fill(tint("blue"), (value) => value !== null && value < BUSY);
  fill(tint("orange"), (value) => value !== null && value >= BUSY);
  if (chosen !== null) fill(tint("text"), (_, core) => core === chosen);
}
