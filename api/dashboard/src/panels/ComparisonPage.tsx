import { useEffect, useState } from "preact/hooks";
import type { Run } from "../bus/moments";
import { runAddress } from "../bus/rest";
import { Swatch } from "../charts/Swatch";
import { ChartContext } from "../charts/source";
import type { ComparedRun } from "../feed/comparedRun";
import { Comparison, RUN_LETTERS } from "../feed/comparison";
import controls from "../styles/controls.module.css";
import { comparedRows } from "../text/comparison";
import { missingInSpan } from "../text/span";
import { useMonitor, useValue } from "../view/hooks";
import type { RunReference } from "../view/runReference";
import { viewOfRun } from "../view/runView";
import { hashFromView } from "../view/view";
import styles from "./Comparison.module.css";
import { ComparisonCharts, RUN_DASHES, RUN_TINTS } from "./ComparisonCharts";
import { State } from "./RunCard";

/**
 * The page that shows two runs side by side, and in the same charts.
 *
 * The component reads `runs` only when it is created, so it needs a new `key` when the runs change.
 */
export function ComparisonPage({ runs }: { readonly runs: readonly RunReference[] }) {
  const monitor = useMonitor();
  const [comparison] = useState(() => new Comparison(monitor, runs));
  useEffect(() => {
    comparison.start();
    return () => comparison.stop();
  }, [comparison]);
  const reset = () => comparison.change({ zoom: null });
  return (
    <main class={styles.page} aria-labelledby="comparison-title" data-testid="comparison">
      <header class={styles.head}>
        <h2 id="comparison-title">Two runs compared</h2>
        {comparison.view.zoom && (
          <button type="button" class={controls.button} data-testid="comparison-reset" onClick={reset}>
            Show the whole runs
          </button>
        )}
        <a href={hashFromView({ ...monitor.view, page: "runs" })}>Back to the runs</a>
      </header>
      {comparison.runs.map((run, index) => (
        <Problem key={RUN_LETTERS[index]} letter={RUN_LETTERS[index]!} compared={run} />
      ))}
      <p class={styles.legend}>
        The charts show both runs by the time since their start. The numbers beside A and B are the values at the
        cursor. If there is no cursor, they are the last values in the chart.
      </p>
      <div class={styles.columns}>
        <Summaries runs={comparison.runs} />
        <ChartContext.Provider value={comparison}>
          <ComparisonCharts comparison={comparison} />
        </ChartContext.Provider>
      </div>
    </main>
  );
}

/** A sentence that explains why a run, or a part of the run, is missing from the charts. */
function Problem({ letter, compared }: { readonly letter: string; readonly compared: ComparedRun }) {
  const monitor = useMonitor();
  const history = compared.history.value;
  const problem = compared.problem.value;
  const keptMs = monitor.hosts.keptMs.value;
  if (problem) return <p role="alert">{`Run ${letter} could not be loaded: ${problem} Retrying.`}</p>;
  if (history === null) return compared.run.value ? null : <p role="status">{`Loading run ${letter}.`}</p>;
  const { run, length, data } = history;
  const span = { from: run.started, to: run.started + length, isFixed: true };
  const missing = missingInSpan(span, { now: Date.now(), keptMs, data });
  return missing && <p role="status">{`Run ${letter}: ${missing}`}</p>;
}

function Summaries({ runs }: { readonly runs: readonly ComparedRun[] }) {
  const [first, second] = runs.map(({ run }) => run.value);
  const rows = useValue(({ now }) => (first && second ? comparedRows([first, second], now) : []));
  if (!(first && second)) return null;
  return (
    <div class={controls.scroll}>
      <table class={styles.table} data-testid="comparison-table">
        <thead>
          <tr>
            <td />
            {[first, second].map((run, index) => (
              <Heading key={RUN_LETTERS[index]} run={run} index={index} />
            ))}
            <th scope="col">Difference</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, label, texts, difference, isShared }) => (
            <tr key={name} data-testid={`compared-${name}`}>
              <th scope="row">
                {label}
                {isShared && " *"}
              </th>
              {texts.map((text, index) => (
                <td key={RUN_LETTERS[index]}>{text}</td>
              ))}
              <td>{difference}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.some(({ isShared }) => isShared) && (
        <p class={styles.note}>* This value covers whole GPUs or the whole machine, including other processes.</p>
      )}
    </div>
  );
}

function Heading({ run, index }: { readonly run: Run; readonly index: number }) {
  const monitor = useMonitor();
  const address = useValue((each) => hashFromView({ ...monitor.view, ...viewOfRun(run, each) }));
  return (
    <th scope="col">
      <span class={styles.run}>
        <Swatch tint={RUN_TINTS[index] ?? "blue"} dashed={RUN_DASHES[index] !== undefined} />
        {RUN_LETTERS[index]}: <a href={address}>{run.name}</a>
      </span>
      <State run={run} />{" "}
      <a href={runAddress(run, "report")} target="_blank" rel="noopener" aria-label={`Report of ${run.name}`}>
        Report
      </a>
    </th>
  );
}
