import type { Tint } from "./palette";
import styles from "./Swatch.module.css";

interface Props {
  readonly tint: Tint;
  readonly dashed?: boolean;
}

/** A short piece of a line, in the style of the chart, beside the line's name. */
export function Swatch({ tint, dashed = false }: Props) {
  return (
    <i
      class={`${styles.swatch} ${dashed ? styles.dashed : ""}`}
      style={{ "--tint": `var(--${tint})` }}
      aria-hidden="true"
      data-testid="swatch"
    />
  );
}
