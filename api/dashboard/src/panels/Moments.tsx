import { useState } from "preact/hooks";
import type { Run } from "../bus/moments";
import type { Monitor } from "../monitor";
import { annotationLine, counted, findingLine, runEnd, runLine } from "../text/moments";
import { momentTime, spanTime } from "../text/time";
import { useMonitor, useValue } from "../view/hooks";
import { viewOfRun } from "../view/runView";
import { zoomTo } from "../view/view";
import styles from "./Moments.module.css";

const MAX_SHOWN = 100;

interface Entry {
  readonly key: string;
  readonly kind: "Annotation" | "Finding" | "Run";
  readonly from: number;
  readonly to: number;
  readonly label: string;
  readonly run?: Run;
}

/** A list of the annotations, findings and runs in the span of the charts. The charts also mark them. */
export function Moments() {
  const [isOpen, setOpen] = useState(false);
  const summary = useValue(summaryOf);
  return (
    <details
      class={styles.moments}
      data-testid="moments"
      open={isOpen}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>{summary}</summary>
      {isOpen && <List />}
    </details>
  );
}

function List() {
  const monitor = useMonitor();
  const entries = useValue(entriesOf);
  const hidden = entries.length - MAX_SHOWN;
  return (
    <>
      <ul class={styles.list}>
        {entries.slice(0, MAX_SHOWN).map(({ key, kind, from, to, label, run }) => (
          <li key={key}>
            <button
              type="button"
              class={styles.entry}
              onClick={() => (run ? monitor.change(viewOfRun(run, monitor)) : show(monitor, from, to))}
            >
              <span class={styles.time}>
                {to > from ? spanTime({ from, to }, monitor.now) : momentTime(from, monitor.now)}
              </span>
              <span class={styles.kind}>{kind}</span>
              <span class={styles.label}>{label}</span>
            </button>
          </li>
        ))}
      </ul>
      {hidden > 0 && <p>Earlier entries that are not listed: {hidden}. Zoom in to list them.</p>}
    </>
  );
}

// The charts cannot zoom to an entry without a duration, so their cursor marks it.
function show(monitor: Monitor, from: number, to: number): void {
  const zoom = zoomTo(from, to);
  if (zoom) monitor.change({ zoom });
  else monitor.cursor.value = from;
}

function summaryOf(monitor: Monitor): string {
  const { momentsProblem } = monitor;
  if (momentsProblem) return `Annotations, findings and runs could not be loaded: ${momentsProblem} Retrying.`;
  const { moments, now, span } = monitor;
  const overlaps = (from: number, to: number) => to >= span.from && from <= span.to;
  const counts = {
    annotation: moments.annotations.filter(({ timestamp }) => overlaps(timestamp, timestamp)).length,
    finding: moments.findings.filter(({ since, ended }) => overlaps(since, ended ?? now)).length,
    run: moments.runs.filter((run) => overlaps(run.started, runEnd(run, now))).length,
  };
  return `${counted(counts) || "No annotations, findings or runs"} in this span`;
}

/** The annotations, findings and runs in the span, sorted by start time, newest first. */
function entriesOf({ moments, now, span }: Monitor): Entry[] {
  const annotations = moments.annotations.map((each): Entry => {
    const { id, host, timestamp } = each;
    return { key: `a ${host} ${id}`, kind: "Annotation", from: timestamp, to: timestamp, label: annotationLine(each) };
  });
  const findings = moments.findings.map((each): Entry => {
    const { channel, since, ended } = each;
    const to = Math.round(ended ?? now);
    return { key: `${channel} ${since}`, kind: "Finding", from: since, to, label: findingLine(each) };
  });
  const runs = moments.runs.map((each): Entry => {
    const to = Math.round(runEnd(each, now));
    return { key: `r ${each.host} ${each.id}`, kind: "Run", from: each.started, to, label: runLine(each), run: each };
  });
  return [...annotations, ...findings, ...runs]
    .filter(({ from, to }) => to >= span.from && from <= span.to)
    .sort((one, other) => other.from - one.from);
}
