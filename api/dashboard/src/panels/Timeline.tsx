import { Moments } from "./Moments";
import styles from "./Timeline.module.css";

/** The span that is shown, and what happened in it. */
export function Timeline() {
  return (
    <section class={styles.timeline} aria-label="Time">
      <Moments />
    </section>
  );
}
