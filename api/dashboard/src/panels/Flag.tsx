import styles from "./Flag.module.css";
import { Hint } from "./Hint";

interface Props {
  /** `▲` for what may become a problem, `!` for one. */
  readonly icon: "▲" | "!";
  readonly label: string;
}

/** An icon for a problem, where there is no room for its label; that is its explanation. */
export function Flag({ icon, label }: Props) {
  return (
    <Hint text={label} class={`${styles.flag} ${icon === "▲" ? styles.note : ""}`}>
      <i aria-hidden="true">{icon}</i>
      <span class="sr-only">{label}</span>
    </Hint>
  );
}
