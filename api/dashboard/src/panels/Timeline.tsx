import { useMonitor } from "../view/hooks";
import { Annotate } from "./Annotate";
import { Moments } from "./Moments";
import styles from "./Timeline.module.css";

/** The span that is shown, and what happened in it. */
export function Timeline() {
  const monitor = useMonitor();
  return (
    <section class={styles.timeline} aria-label="Time">
      <div class={styles.row}>
        <Moments />
        <button
          type="button"
          class="button"
          title="Annotate (a)"
          data-testid="annotate"
          onClick={() => monitor.annotate()}
        >
          Annotate
        </button>
      </div>
      <Annotate />
    </section>
  );
}
