import { effect, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Surface } from "../charts/canvas";
import { tint } from "../charts/palette";
import { Visibility } from "../charts/visibility";
import type { Monitor } from "../monitor";
import { percent } from "../text/numbers";
import { useMonitor, useReading, useValue } from "../view/hooks";
import { Text } from "../view/Text";
import styles from "./CoreBars.module.css";
import { Meter } from "./Meter";

type Cores = readonly (number | null)[];

interface Props {
  readonly cores: (monitor: Monitor) => Cores;
}

interface CountedProps extends Props {
  readonly count: number;
}

const MAX_ROWS = 16;
const BARS_IN_LINE = 64;
const LINE_HEIGHT = 34;
const BUSY_PERCENT = 90;

/**
 * A bar for each core.
 *
 * Up to 16 cores are shown as labelled rows; more are shown as upright bars, at most 64 per line.
 */
export function CoreBars({ cores }: Props) {
  const count = useValue((monitor) => cores(monitor).length);
  if (count === 0) return null;
  return count <= MAX_ROWS ? <Rows cores={cores} count={count} /> : <Lines cores={cores} count={count} />;
}

function Rows({ cores, count }: CountedProps) {
  return (
    <ul class={`${styles.cores} ${count > 4 ? styles.two : ""}`} data-testid="core-bars" data-cores={count}>
      {Array.from({ length: count }, (_, core) => {
        const value = (monitor: Monitor) => cores(monitor)[core] ?? null;
        const text = (monitor: Monitor) => percent(value(monitor));
        return (
          <li key={core}>
            <span class={styles.label}>
              Core {core}:{" "}
              <b>
                <Text read={text} />
              </b>
            </span>
            <Meter label={`Core ${core}`} value={value} text={text} tint="blue" />
          </li>
        );
      })}
    </ul>
  );
}

function Lines({ cores, count }: CountedProps) {
  const selected = useSignal<number | null>(null);
  const lines = Math.ceil(count / BARS_IN_LINE);
  const inLine = Math.ceil(count / lines);
  const monitor = useMonitor();
  const canvas = useRef<HTMLCanvasElement>(null);
  const text = useReading((each) => textOf(cores(each), selected.value));
  useEffect(() => {
    if (canvas.current === null) return undefined;
    const surface = new Surface(canvas.current);
    const visibility = new Visibility(canvas.current);
    const stop = effect(() => {
      void monitor.theme.colours.value;
      if (visibility.isVisible.value && surface.size.value) paint(surface, cores(monitor), inLine, selected.value);
    });
    return () => {
      stop();
      surface.release();
      visibility.release();
    };
  }, [monitor, inLine]);
  const select = (core: number | null) => {
    selected.value = core === null ? null : Math.min(Math.max(core, 0), count - 1);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -inLine, ArrowDown: inLine }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    select((selected.peek() ?? -1) + by);
  };
  const onMouseMove = (event: MouseEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * inLine);
    const line = Math.floor(((event.clientY - box.top) / box.height) * lines);
    select(line * inLine + column);
  };
  return (
    <div class={styles.lines}>
      <canvas
        ref={canvas}
        style={{ height: `${lines * LINE_HEIGHT}px` }}
        role="slider"
        tabIndex={0}
        aria-label={`${count} cores`}
        aria-valuemin={0}
        aria-valuemax={count - 1}
        aria-valuenow={selected.value ?? 0}
        aria-valuetext={text}
        data-testid="core-bars"
        data-cores={count}
        onMouseMove={onMouseMove}
        onMouseLeave={() => select(null)}
        onBlur={() => select(null)}
        onKeyDown={onKeyDown}
      />
      <p class={styles.text} data-testid="core-text">
        {text}
      </p>
    </div>
  );
}

function textOf(values: Cores, core: number | null): string {
  return core === null ? summaryOf(values) : `Core ${core}: ${percent(values[core])}`;
}

function summaryOf(cores: Cores): string {
  let busiest = -1;
  let busy = 0;
  cores.forEach((value, core) => {
    if (value === null) return;
    if (value >= BUSY_PERCENT) busy += 1;
    if (busiest < 0 || value > (cores[busiest] ?? -1)) busiest = core;
  });
  if (busiest < 0) return "No core reports its utilization.";
  return `Busiest: core ${busiest}, ${percent(cores[busiest])}; ${busy} of ${cores.length} cores ≥ ${BUSY_PERCENT}%`;
}

function paint(surface: Surface, cores: Cores, inLine: number, selected: number | null): void {
  const context = surface.clear();
  if (context === null) return;
  const step = surface.width / inLine;
  const gap = step > 4 ? 1 : 0.5;
  const height = LINE_HEIGHT - 6;
  // Each rectangle is filled on its own, because filling one path with all rectangles takes longer.
  const bars = (colour: string, sizeOf: (value: number | null, core: number) => number) => {
    context.fillStyle = colour;
    cores.forEach((value, core) => {
      const size = sizeOf(value, core);
      const bottom = Math.floor(core / inLine) * LINE_HEIGHT + height;
      if (size > 0) context.fillRect((core % inLine) * step, bottom - size, step - gap, size);
    });
  };
  const sizeOf = (value: number) => Math.max((height * Math.min(value, 100)) / 100, 1);
  bars(tint("track"), () => height);
  bars(tint("blue"), (value) => (value === null ? 0 : sizeOf(value)));
  if (selected !== null) bars(tint("text"), (value, core) => (core === selected ? sizeOf(value ?? 0) : 0));
}
