import styles from "./Flag.module.css";
import { Hint } from "./Hint";

interface Props {
  /** `▲` marks a potential problem, `!` an actual one. */
  readonly icon: "▲" | "!";
  readonly label: string;
}

/**
 * An icon that marks a problem where there is no room for a label.
 *
 * The label opens when the user hovers over, focuses or taps the icon.
 */
export function Flag({ icon, label }: Props) {
  return (
    <Hint text={label} class={`${styles.flag} ${icon === "▲" ? styles.note : ""}`}>
      <i aria-hidden="true">{icon}</i>
      <span class="sr-only">{label}</span>
    </Hint>
  );
}
