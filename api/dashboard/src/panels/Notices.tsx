import type { Monitor } from "../monitor";
import { WINDOW_MS } from "../store/host";
import controls from "../styles/controls.module.css";
import { missingInSpan } from "../text/span";
import { duration } from "../text/time";
import { useMonitor, useValue } from "../view/hooks";
import styles from "./Notices.module.css";

const MAX_HOSTS = 12;
const MINUTE_MS = 60_000;

/** A sentence for each problem with the server, the host, the history, the clock or the address. */
export function Notices() {
  const monitor = useMonitor();
  const sentences = useValue(sentencesOf);
  if (monitor.badge.kind === "unknown") return <UnknownHost />;
  if (sentences.length === 0) return null;
  return (
    <section class={styles.notices} aria-label="Notices" data-testid="notices">
      {sentences.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
    </section>
  );
}

function sentencesOf(monitor: Monitor): string[] {
  const { badge, historyProblem, missingGpu } = monitor;
  const sentences: string[] = [];
  const isDisconnected = monitor.connection.problem !== null && badge.kind !== "live";
  if (isDisconnected || badge.kind === "offline" || badge.kind === "stale") sentences.push(badge.detail);
  const notSaved = monitor.hosts.historyProblem.value;
  if (historyProblem && badge.kind !== "reconnecting") {
    sentences.push(`The history is incomplete: ${historyProblem}`);
  } else if (notSaved && badge.kind !== "reconnecting") {
    sentences.push(`New samples are not being stored: ${notSaved}`);
  }
  const { detail, now, shown, span } = monitor;
  const unloaded = detail.problem.value;
  if (unloaded) sentences.push(`The history of this span could not be loaded: ${unloaded} Retrying.`);
  const isComplete = detail.isLoaded || span.from >= now - WINDOW_MS;
  const data = isComplete && shown?.newestTimestamp !== null ? monitor.charted : null;
  const missing = missingInSpan(span, { now, keptMs: monitor.hosts.keptMs.value, data });
  if (missing) sentences.push(missing);
  const aboutClock = clockNotice(monitor);
  if (aboutClock) sentences.push(aboutClock);
  if (missingGpu !== null)
    sentences.push(`This host has no GPU ${missingGpu}. The page shows GPU ${monitor.shown?.gpuIds[0]} instead.`);
  return sentences;
}

function clockNotice({ clockAhead, shown }: Monitor): string {
  const minutes = Math.round(Math.abs(clockAhead) / MINUTE_MS);
  if (shown === null || Math.abs(clockAhead) <= MINUTE_MS) return "";
  const offset = `${duration(minutes * MINUTE_MS)} ${clockAhead > 0 ? "ahead of" : "behind"} yours`;
  const notSaved = shown.isOutsideHistory
    ? " The clock is too far off for the history to store the samples of this host, so the charts show only " +
      "samples that have arrived since this page was opened."
    : "";
  return `This host's clock is ${offset}. The charts use the host's time.${notSaved}`;
}

function UnknownHost() {
  const monitor = useMonitor();
  const entries = monitor.hosts.entries.value;
  const name = monitor.view.host ?? "";
  return (
    <section class={styles.notices} aria-label="Notices" data-testid="notices">
      <p>
        This server has received nothing from a host named “{name}”. The host's values appear here once its collector
        publishes samples.
        {entries.length > 0 && " Known hosts:"}
        {entries.slice(0, MAX_HOSTS).map((host) => (
          <button
            key={host.name}
            type="button"
            class={controls.button}
            onClick={() => monitor.change({ host: host.name, gpu: null, zoom: null })}
          >
            {host.name}
          </button>
        ))}
      </p>
    </section>
  );
}
