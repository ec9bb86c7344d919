import type { Monitor } from "../monitor";
import { noDataOf } from "../text/noData";
import { useValue } from "../view/hooks";
import styles from "./NoDataBanner.module.css";

/** That the values are old, and how old, large enough to be seen from afar. */
export function NoDataBanner() {
  const noData = useValue((monitor) => noDataOf(monitor.badge.kind, silenceOf(monitor), Date.now()));
  if (noData === null) return null;
  return (
    <p class={styles.banner} data-testid="no-data">
      <b>{noData.headline}</b> {noData.since}
    </p>
  );
}

/** For how many ms nothing has arrived; null if nothing ever has. */
function silenceOf({ data, now }: Monitor): number | null {
  if (data === null) return null;
  if (data.lastArrival !== null) return performance.now() - data.lastArrival;
  return data.newestTimestamp === null ? null : now - data.newestTimestamp; // only the history knows it
}
