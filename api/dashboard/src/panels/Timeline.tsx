import controls from "../styles/controls.module.css";
import { fullSpan } from "../text/time";
import { useMonitor } from "../view/hooks";
import { Text } from "../view/Text";
import { hashFromView } from "../view/view";
import { Annotate } from "./Annotate";
import { Moments } from "./Moments";
import { PastStrip } from "./PastStrip";
import styles from "./Timeline.module.css";

/** Shows the charts' span and what happened in it. */
export function Timeline() {
  const monitor = useMonitor();
  return (
    <section class={styles.timeline} aria-label="Time">
      <PastStrip />
      <div class={styles.row}>
        <p class={styles.span} data-testid="span">
          <Text read={({ span }) => fullSpan(span)} />
        </p>
        <Moments />
        <a
          class={styles.link}
          href={hashFromView({ ...monitor.view, page: "runs", run: null })}
          data-testid="runs-link"
        >
          All runs
        </a>
        <button type="button" class={controls.button} data-testid="annotate" onClick={() => monitor.annotate()}>
          Annotate
        </button>
      </div>
      <Annotate />
    </section>
  );
}
