import styles from "./Flag.module.css";
import { Hint } from "./Hint";

interface Props {
  /** `▲`: may become a problem; `!`: is a problem. */
  readonly icon: "▲" | "!";
  readonly label: string;
}

/** An icon that marks a problem where there is no room for a label. It shows the label as its explanation. */
export function Flag({ icon, label }: Props) {
  return (
    <Hint text={label} class={`${styles.flag} ${icon === "▲" ? styles.note : ""}`}>
      <i aria-hidden="true">{icon}</i>
      <span class="sr-only">{label}</span>
    </Hint>
  );
}
