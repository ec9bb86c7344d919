import type { Tint } from "../charts/palette";

interface Props {
  readonly label: string;
  /** In percent; null where it is not known. */
  readonly value: number | null;
  readonly text: string;
  readonly tint: Tint;
  readonly title?: string;
  /** From where on the bar warns, in percent. */
  readonly warnAt?: number;
  readonly testId?: string;
}

/** A bar from 0 to 100 %. */
export function Meter({ label, value, text, tint, title, warnAt = 101, testId }: Props) {
  const share = value === null ? 0 : Math.min(Math.max(value, 0), 100);
  const warns = value !== null && value >= warnAt;
  return (
    <div
      class={`meter ${tint}${warns ? " warns" : ""}`}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(share)}
      aria-valuetext={text}
      title={title}
      data-testid={testId}
    >
      <div class="meter-fill" style={{ transform: `scaleX(${(share / 100).toFixed(4)})` }} />
    </div>
  );
}
