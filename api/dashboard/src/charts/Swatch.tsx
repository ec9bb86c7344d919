import type { Tint } from "./palette";
import styles from "./Swatch.module.css";

interface Props {
  readonly tint: Tint;
  readonly dashed?: boolean;
}

/** A short stroke beside a line's name, in the line's colour, and dashed if the line is. */
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
