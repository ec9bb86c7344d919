import { effect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { Surface } from "../charts/canvas";
import { drawPast } from "../charts/drawPast";
import type { Monitor } from "../monitor";
import { clockMinutes, date, fullTime } from "../text/time";
import { brushed, type DragHandle, moved } from "../view/brush";
import { useMonitor, useReading, useValue } from "../view/hooks";
import { Text } from "../view/Text";
import type { Span, Zoom } from "../view/view";
import styles from "./PastStrip.module.css";

const MIN_PIXELS = 4;
const EDGE = "data-edge";
// The strip is divided into this many steps, and its end moves by one step at a time.
const STEPS = 400;
const ANNOUNCED_MS = 10_000;

/**
 * A strip that shows utilization over the whole history: the GPUs' mean, or the CPU's if there is no GPU.
 *
 * A brush on the strip marks the span of the charts.
 */
export function PastStrip() {
  const monitor = useMonitor();
  const past = monitor.past.known.value;
  const strip = useRef<HTMLDivElement>(null);
  const bounds = useValue(boundsOf);
  const [drag, setDrag] = useState<Drag | null>(null);
  const summary = `${past?.subject ?? "GPU"} utilization over the whole history. Drag to choose a span.`;
  if (bounds === null) return <div class={styles.strip} />;
  const timeAt = (x: number) => {
    const { left, width } = strip.current!.getBoundingClientRect();
    return bounds.from + ((bounds.to - bounds.from) * (x - left)) / Math.max(width, 1);
  };
  const chosen = drag && brushed(drag.handle, drag.span, drag.start, drag.end, bounds);
  return (
    <div
      ref={strip}
      class={styles.strip}
      role="group"
      aria-label={summary}
      data-testid="past"
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        const start = timeAt(event.clientX);
        setDrag({ handle: handleOf(event), span: monitor.span, start, end: start, x: event.clientX });
      }}
      onPointerMove={(event) => drag && setDrag({ ...drag, end: timeAt(event.clientX) })}
      onPointerCancel={() => setDrag(null)}
      onPointerUp={(event) => {
        if (drag === null) return;
        const isClick = Math.abs(event.clientX - drag.x) < MIN_PIXELS;
        const { from, to } = drag.span;
        const zoom = isClick ? moved(drag.span, drag.start - (from + to) / 2, bounds) : chosen;
        setDrag(null);
        if (zoom) monitor.change({ zoom });
      }}
    >
      <Line />
      <span class={styles.start}>
        <Text read={startText} />
      </span>
      <Brush span={chosen} />
    </div>
  );
}

function startText(monitor: Monitor): string {
  const start = boundsOf(monitor)?.from;
  return start === undefined ? "" : `${date(start)} ${clockMinutes(start)}`;
}

interface Drag {
  readonly handle: DragHandle;
  /** The span of the charts when the drag began. */
  readonly span: Zoom;
  readonly start: number;
  readonly end: number;
  readonly x: number;
}

function handleOf(event: PointerEvent): DragHandle {
  const edge = event.target instanceof Element ? event.target.getAttribute(EDGE) : null;
  if (edge === "from" || edge === "to" || edge === "move") return edge;
  return "select";
}

/**
 * The span of the strip, from shortly before the oldest data to now.
 *
 * The end moves forward by a few pixels at a time, so that the strip is not redrawn for each sample.
 */
function boundsOf({ now, past }: Monitor): Zoom | null {
  const known = past.known.value;
  if (known === null) return null;
  const step = Math.max((known.to - known.from) / STEPS, 1);
  return { from: known.from, to: Math.max(Math.ceil(now / step) * step, known.to) };
}

/** The span that the brush marks. If the charts' span ends now, the brush reaches the end of the strip. */
function heldBy(bounds: Zoom, span: Span): Zoom {
  return span.isFixed ? span : { from: bounds.to - (span.to - span.from), to: bounds.to };
}

function Line() {
  const monitor = useMonitor();
  const canvas = useRef<HTMLCanvasElement>(null);
  const bounds = useReading(boundsOf);
  useEffect(() => {
    if (canvas.current === null) return undefined;
    const surface = new Surface(canvas.current);
    const stop = effect(() => {
      void monitor.theme.colours.value;
      const past = monitor.past.known.value;
      if (surface.size.value && past && bounds.value) drawPast(surface, past, bounds.value);
    });
    return () => {
      stop();
      surface.release();
    };
  }, [monitor, bounds]);
  return <canvas ref={canvas} class={styles.line} />;
}

/**
 * Marks a span on the strip: the span of the charts or, during a drag, the span that the user is choosing.
 *
 * The arrow keys move the edge that has the focus.
 */
function Brush({ span }: { readonly span: Zoom | null }) {
  const monitor = useMonitor();
  const place = useValue((each) => {
    const bounds = boundsOf(each);
    if (bounds === null) return null;
    const { from, to } = span ?? heldBy(bounds, each.span);
    const share = (time: number) => Math.min(Math.max((time - bounds.from) / (bounds.to - bounds.from), 0), 1);
    return { left: share(from), right: share(to) };
  });
  if (place === null) return null;
  const moveByKey = (edge: "from" | "to", event: KeyboardEvent) => {
    const bounds = boundsOf(monitor);
    const sign = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (bounds === null || sign === undefined) return;
    const by = (sign * (bounds.to - bounds.from)) / (event.shiftKey ? 10 : 200);
    const zoom = brushed(edge, monitor.span, 0, by, bounds);
    if (zoom) monitor.change({ zoom });
    event.preventDefault();
    event.stopPropagation();
  };
  const left = `${100 * place.left}%`;
  return (
    <div
      class={styles.brush}
      data-edge="move"
      data-testid="brush"
      style={{ left, width: `${100 * (place.right - place.left)}%` }}
    >
      <Edge edge="from" label="Start of the span" moveByKey={moveByKey} />
      <Edge edge="to" label="End of the span" moveByKey={moveByKey} />
    </div>
  );
}

interface EdgeProps {
  readonly edge: "from" | "to";
  readonly label: string;
  readonly moveByKey: (edge: "from" | "to", event: KeyboardEvent) => void;
}

function Edge({ edge, label, moveByKey }: EdgeProps) {
  const rounded = ({ span }: Monitor) => Math.round(span[edge] / ANNOUNCED_MS) * ANNOUNCED_MS;
  const time = useReading((monitor) => rounded(monitor) / 1_000);
  const text = useReading((monitor) => fullTime(rounded(monitor)));
  return (
    <div
      class={edge === "from" ? styles.from : styles.to}
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuemin={0}
      aria-valuenow={time}
      aria-valuetext={text}
      data-edge={edge}
      data-testid={`brush-${edge}`}
      onKeyDown={(event) => moveByKey(edge, event)}
    />
  );
}
