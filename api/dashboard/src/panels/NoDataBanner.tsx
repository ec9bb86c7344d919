import type { Monitor } from "../monitor";
import { noDataOf } from "../text/noData";
import { useValue } from "../view/hooks";
import styles from "./NoDataBanner.module.css";

/** A banner that shows how long the host has been silent. It is large enough to be read from a distance. */
export function NoDataBanner() {
  const noData = useValue((monitor) => noDataOf(monitor.badge.kind, silenceOf(monitor), Date.now()));
  if (noData === null) return null;
  return (
    <section class={styles.banner} aria-label="Age of the data" data-testid="no-data">
      <b>{noData.headline}</b> <span>{noData.since}</span>
    </section>
  );
}

/** How long the host has been silent, in ms; null if the page has no sample from the host. */
function silenceOf({ data, now }: Monitor): number | null {
  if (data === null) return null;
  if (data.lastArrival !== null) return performance.now() - data.lastArrival;
  // No sample has arrived since the page was opened, so the newest sample is from the history.
  return data.newestTimestamp === null ? null : now - data.newestTimestamp;
}
