import { effect } from "@preact/signals";
import type { ComponentChildren, RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Tint } from "../charts/palette";
import type { Monitor } from "../monitor";
import { useReading } from "../view/hooks";
import styles from "./Meter.module.css";

interface Props {
  readonly label: string;
  /** The value in percent; null if unknown. */
  readonly value: (monitor: Monitor) => number | null;
  readonly text: (monitor: Monitor) => string;
  readonly tint: Tint;
  /** At or above this percentage, the bar is shown in the warning colour. */
  readonly warnAt?: number;
}

interface RowProps {
  readonly label: ComponentChildren;
  readonly children: ComponentChildren;
  readonly class?: string | undefined;
}

/** The row above a bar, with the bar's label and value. */
export function MeterRow({ label, children, class: style = "" }: RowProps) {
  return (
    <div class={`${styles.row} ${style}`}>
      <span class={styles.label}>{label}</span>
      <span class={styles.value}>{children}</span>
    </div>
  );
}

/** A bar from 0 to 100%. */
export function Meter({ label, value, text, tint, warnAt = 101 }: Props) {
  const shareIn = (monitor: Monitor) => Math.min(Math.max(value(monitor) ?? 0, 0), 100);
  const isMissing = (monitor: Monitor) => value(monitor) === null;
  return (
    <div
      ref={useFill(value)}
      class={useReading((monitor) => `${styles.meter} ${styles[(value(monitor) ?? 0) >= warnAt ? "warns" : tint]}`)}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      // A meter must have a value. Without a value, it is hidden from screen readers; they read the dash beside it.
      aria-hidden={useReading((monitor) => (isMissing(monitor) ? "true" : undefined))}
      aria-valuenow={useReading((monitor) => (isMissing(monitor) ? undefined : Math.round(shareIn(monitor))))}
      aria-valuetext={useReading(text)}
    />
  );
}

/** A bar hidden from screen readers, because the page also shows the value as a number. */
export function PlainMeter({ value, tint }: Pick<Props, "value" | "tint">) {
  return <div ref={useFill(value)} class={`${styles.meter} ${styles[tint]}`} aria-hidden="true" />;
}

/** Fills a bar in steps of 0.1%. With finer steps, the browser would repaint the bar without a visible change. */
function useFill(value: Props["value"]): RefObject<HTMLDivElement | null> {
  const bar = useRef<HTMLDivElement>(null);
  const size = useReading((monitor) => `${Math.min(Math.max(value(monitor) ?? 0, 0), 100).toFixed(1)}% 100%`);
  // The size is not bound to the attribute `style`, because the browser is faster if only one property changes.
  useLayoutEffect(
    () =>
      effect(() => {
        if (bar.current) bar.current.style.backgroundSize = size.value;
      }),
    [size],
  );
  return bar;
}
