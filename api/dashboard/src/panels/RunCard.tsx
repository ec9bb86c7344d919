import { useEffect, useState } from "preact/hooks";
import type { Run } from "../bus/moments";
import { fetchRun, runAddress } from "../bus/rest";
import { RetriedFetch } from "../connection/retriedFetch";
import controls from "../styles/controls.module.css";
import { hasFailed, runEnd, runSign, runState } from "../text/moments";
import { runDuration, summaryRows } from "../text/runs";
import { fullTime } from "../text/time";
import { useMonitor, useValue } from "../view/hooks";
import { viewOfRun } from "../view/runView";
import styles from "./RunCard.module.css";

/** A card, above the charts, about the run named in the page's address. */
export function RunCard({ id }: { readonly id: string }) {
  const monitor = useMonitor();
  const { run, problem } = useRun(id);
  const close = () => monitor.change({ run: null, zoom: null });
  return (
    <section class={styles.card} aria-label="Run" data-testid="run">
      <header class={styles.head}>
        <h2>{run?.name ?? id}</h2>
        {run && <State run={run} />}
        <span class={styles.links}>
          {run && (
            <>
              <button type="button" class={controls.button} onClick={() => monitor.change(viewOfRun(run, monitor))}>
                Show the run's span
              </button>
              <a href={runAddress(run, "report")} target="_blank" rel="noopener">
                Report
              </a>
              {(hasFailed(run) || run.isLost) && <a href={runAddress(run, "recording")}>Recording</a>}
            </>
          )}
          <button type="button" class={controls.button} data-testid="run-close" onClick={close}>
            Close
          </button>
        </span>
      </header>
      {problem && <p role="alert">{problem}</p>}
      {run && <Facts run={run} />}
    </section>
  );
}

export function State({ run }: { readonly run: Run }) {
  return (
    <span class={hasFailed(run) ? styles.failed : styles.state}>
      <i aria-hidden="true">{runSign(run)}</i> {runState(run)}
    </span>
  );
}

function Facts({ run }: { readonly run: Run }) {
  const took = useValue(({ now }) => runDuration(run, now));
  const rows = summaryRows(run);
  const isOpen = run.ended === null && !run.isLost;
  const facts = [
    ["Began", fullTime(run.started)],
    ...(isOpen ? [] : [[run.isLost ? "Last reported" : "Ended", fullTime(runEnd(run, 0))]]),
    [isOpen ? "Running for" : "Took", took],
    ["Host", run.host],
    ["User", run.user],
    ["Command", run.command],
    ["GPUs", run.gpus.join(", ")],
    ["Tags", run.tags.join(", ")],
  ].filter((fact): fact is [string, string] => Boolean(fact[1]));
  return (
    <>
      <dl class={styles.facts}>
        {facts.map(([label, text]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{text}</dd>
          </div>
        ))}
        {rows.map(({ name, label, text, isShared }) => (
          <div key={name}>
            <dt>{label}</dt>
            <dd>
              {text}
              {isShared && " *"}
            </dd>
          </div>
        ))}
      </dl>
      {rows.some(({ isShared }) => isShared) && (
        <p class={styles.note}>* This value covers whole GPUs or the whole machine, including other processes.</p>
      )}
    </>
  );
}

/**
 * The newest state of the run, from the REST API or the stream.
 *
 * Once the run has been fetched, the charts switch to its span, unless the address contains a range or a zoom.
 */
function useRun(id: string): { readonly run: Run | null; readonly problem: string } {
  const monitor = useMonitor();
  const { host } = monitor.view;
  const [fetched, setFetched] = useState<Run | null>(null);
  const [problem, setProblem] = useState("");
  const live = useValue(({ moments }) => moments.runs.find((run) => run.id === id && run.host === (host ?? run.host)));
  useEffect(() => {
    const source = new RetriedFetch({
      fetch: (signal) => fetchRun(id, host, signal),
      random: Math.random,
      onFetched: (run) => {
        setFetched(run);
        setProblem("");
        const { range, zoom } = monitor.address.view.peek();
        if (range === null && zoom === null) monitor.change(viewOfRun(run, monitor));
      },
      onFailed: setProblem,
    });
    source.fetch();
    return () => source.stop();
  }, [monitor, id, host]);
  const isNewer = live && (fetched === null || live.timestamp > fetched.timestamp);
  return { run: isNewer ? live : fetched, problem };
}
