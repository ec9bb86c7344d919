import type { ComponentChildren } from "preact";
import styles from "./Headline.module.css";
import { Hint } from "./Hint";

interface Props {
  readonly now: ComponentChildren;
  readonly testId: string;
  /** The CSS class of the number. It sets the font and a width that fits the longest text. */
  readonly class: string | undefined;
  /** The CSS class of the facts. It sets how they wrap in a narrow panel. */
  readonly facts: string | undefined;
  /** The `Fact` components beside the number. */
  readonly children: ComponentChildren;
}

/** The most important number of a panel in large type, with facts beside it. */
export function Headline({ now, testId, class: style, facts, children }: Props) {
  return (
    <div class={styles.row} data-testid={`${testId}-headline`}>
      <div>
        <p class={`${styles.now} ${style}`} data-testid={`${testId}-now`}>
          {now}
        </p>
      </div>
      <dl class={`${styles.facts} ${facts}`}>{children}</dl>
    </div>
  );
}

interface FactProps {
  readonly label: string;
  readonly help: string;
  readonly size?: "medium" | "wide";
  readonly testId?: string;
  readonly children: ComponentChildren;
}

/** A number in a box of fixed width, with a label. */
export function Fact({ label, help, size, testId, children }: FactProps) {
  return (
    <div class={size && styles[size]}>
      <dt>
        <Hint text={help}>{label}</Hint>
      </dt>
      <dd>
        <span data-testid={testId}>{children}</span>
      </dd>
    </div>
  );
}
