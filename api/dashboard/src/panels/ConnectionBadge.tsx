import { useMonitor } from "../view/hooks";
import styles from "./ConnectionBadge.module.css";
import { Hint } from "./Hint";

/** Shows how up to date the data is, for example `Live`, `Polling` or `Stale since 23:21:48`. */
export function ConnectionBadge() {
  const { badge } = useMonitor();
  return (
    <div
      class={`${styles.badge} ${styles[badge.kind]}`}
      role="status"
      aria-live="polite"
      data-testid="badge"
      data-kind={badge.kind}
    >
      <i class={styles.dot} aria-hidden="true" />
      <Hint text={badge.detail}>{badge.label}</Hint>
      <span class="sr-only">. {badge.detail}</span>
    </div>
  );
}
