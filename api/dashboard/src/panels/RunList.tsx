import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Run } from "../bus/moments";
import { fetchRuns, runAddress } from "../bus/rest";
import { ANY_RUN, containsText, type RunFilter, RunList as Runs } from "../feed/runList";
import { runKey } from "../store/moments";
import controls from "../styles/controls.module.css";
import { runDuration, summaryRows } from "../text/runs";
import { momentTime } from "../text/time";
import { useMonitor, useValue } from "../view/hooks";
import { viewOfRun } from "../view/runView";
import { hashFromView } from "../view/view";
import { State } from "./RunCard";
import styles from "./RunList.module.css";

const STATES = ["running", "ended", "lost"];
const COMPARED = 2;

/** The page that lists the runs of all hosts, newest first. */
export function RunList() {
  const monitor = useMonitor();
  const list = useMemo(() => new Runs(fetchRuns), []);
  const [filter, setFilter] = useState(ANY_RUN);
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState<readonly Run[]>([]);
  useEffect(() => {
    list.show(filter);
    return () => list.stop();
  }, [list, filter]);
  const runs = list.runs.value;
  const shown = (runs ?? []).filter((run) => containsText(run, text));
  return (
    <main class={styles.page} aria-labelledby="runs-title" data-testid="runs">
      <header class={styles.head}>
        <h2 id="runs-title">Runs</h2>
        <a href={hashFromView({ ...monitor.view, page: "host" }) || "#"} data-testid="runs-back">
          Back to the charts
        </a>
      </header>
      <Filters runs={runs ?? []} filter={filter} setFilter={setFilter} text={text} setText={setText} />
      {list.problem.value && <p role="alert">The runs could not be loaded: {list.problem.value} Retrying.</p>}
      <p class={styles.count} role="status">
        {countText(runs, shown.length, list.next.value !== null)}
      </p>
      <Chosen runs={chosen} setRuns={setChosen} />
      {shown.length > 0 && <Table runs={shown} chosen={chosen} setChosen={setChosen} />}
      {list.next.value !== null && (
        <button type="button" class={controls.button} onClick={() => void list.more()}>
          Load older runs
        </button>
      )}
    </main>
  );
}

function countText(runs: readonly Run[] | null, shown: number, hasMore: boolean): string {
  if (runs === null) return "Loading the runs.";
  if (runs.length === 0) return "No runs. Start a run with `system-monitor run -- COMMAND`.";
  const count = `${shown} run${shown === 1 ? "" : "s"}`;
  if (shown === runs.length) return hasMore ? `The newest ${count}` : count;
  return `${shown} of ${hasMore ? "the newest " : ""}${runs.length} runs`;
}

interface FiltersProps {
  readonly runs: readonly Run[];
  readonly filter: RunFilter;
  readonly setFilter: (filter: RunFilter) => void;
  readonly text: string;
  readonly setText: (text: string) => void;
}

function Filters({ runs, filter, setFilter, text, setText }: FiltersProps) {
  const choices = useChoices(runs);
  const lists = { host: choices.host, user: choices.user, tag: choices.tag, state: STATES };
  return (
    <form class={styles.filters} role="search" onSubmit={(event) => event.preventDefault()}>
      <label>
        Text
        <input
          class={controls.field}
          type="search"
          value={text}
          placeholder="name, command, tag …"
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      {(["host", "user", "tag", "state"] as const).map((name) => (
        <label key={name}>
          {name.charAt(0).toUpperCase() + name.slice(1)}
          <select
            class={controls.field}
            value={filter[name] ?? ""}
            onChange={(event) => setFilter({ ...filter, [name]: event.currentTarget.value || null })}
          >
            <option value="">any</option>
            {lists[name].map((value) => (
              <option key={value} value={value}>
                {value}
              </option>
            ))}
          </select>
        </label>
      ))}
    </form>
  );
}

/** The choices for the filters: the hosts, users and tags of all runs listed so far. */
function useChoices(runs: readonly Run[]) {
  const known = useRef({ host: new Set<string>(), user: new Set<string>(), tag: new Set<string>() });
  const { host, user, tag } = known.current;
  for (const run of runs) {
    host.add(run.host);
    if (run.user) user.add(run.user);
    for (const each of run.tags) tag.add(each);
  }
  return { host: [...host].sort(), user: [...user].sort(), tag: [...tag].sort() };
}

interface ChosenProps {
  readonly runs: readonly Run[];
  readonly setRuns: (runs: readonly Run[]) => void;
}

/** The runs that the user has chosen to compare, shown even if a filter hides them in the table. */
function Chosen({ runs, setRuns }: ChosenProps) {
  const monitor = useMonitor();
  const compare = [...runs].sort((one, other) => one.started - other.started);
  const address = hashFromView({ ...monitor.view, page: "compare", compare, compareZoom: null });
  return (
    <p class={styles.chosen} role="status" data-testid="runs-chosen">
      {runs.length === 0 && "Choose two runs to compare them."}
      {runs.map((run) => (
        <button
          key={runKey(run)}
          type="button"
          class={controls.button}
          aria-label={`Do not compare ${run.name}`}
          onClick={() => setRuns(runs.filter((each) => each !== run))}
        >
          <span>{run.name}</span> ✕
        </button>
      ))}
      {runs.length === 1 && "Choose a second run to compare."}
      {runs.length === COMPARED && (
        <a class={styles.compare} href={address} data-testid="runs-compare">
          Compare them
        </a>
      )}
    </p>
  );
}

interface TableProps {
  readonly runs: readonly Run[];
  readonly chosen: readonly Run[];
  readonly setChosen: (runs: readonly Run[]) => void;
}

function Table({ runs, chosen, setChosen }: TableProps) {
  const choose = (run: Run, isChosen: boolean) => {
    const others = chosen.filter((each) => runKey(each) !== runKey(run));
    setChosen(isChosen ? [...others, run] : others);
  };
  return (
    <div class={`${controls.scroll} ${styles.list}`}>
      <table class={styles.table}>
        <thead>
          <tr>
            <th scope="col">Compare</th>
            <th scope="col">Run</th>
            <th scope="col">State</th>
            <th scope="col">Began</th>
            <th scope="col">Took</th>
            <th scope="col">GPUs</th>
            <th scope="col">GPU hours</th>
            <th scope="col">Report</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <Row
              key={runKey(run)}
              run={run}
              isChosen={chosen.some((each) => runKey(each) === runKey(run))}
              canChoose={chosen.length < COMPARED}
              choose={(isChosen) => choose(run, isChosen)}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  readonly run: Run;
  readonly isChosen: boolean;
  readonly canChoose: boolean;
  readonly choose: (isChosen: boolean) => void;
}

function Row({ run, isChosen, canChoose, choose }: RowProps) {
  const monitor = useMonitor();
  const took = useValue(({ now }) => runDuration(run, now));
  const began = useValue(({ now }) => momentTime(run.started, now));
  const address = useValue((each) => hashFromView({ ...monitor.view, ...viewOfRun(run, each) }));
  const about = [run.host, run.user, ...run.tags].filter(Boolean).join(" · ");
  return (
    <tr data-testid="run-row">
      <td class={styles.choice}>
        <label>
          <input
            type="checkbox"
            checked={isChosen}
            disabled={!(isChosen || canChoose)}
            aria-label={`Compare ${run.name}`}
            onChange={(event) => choose(event.currentTarget.checked)}
          />
        </label>
      </td>
      <th scope="row">
        <a href={address}>{run.name}</a>
        <small>{about}</small>
      </th>
      <td>
        <State run={run} />
      </td>
      <td>{began}</td>
      <td>{took}</td>
      <td>{run.gpus.join(", ")}</td>
      <td>{summaryRows(run).find(({ name }) => name === "gpu_hours")?.text}</td>
      <td>
        <a href={runAddress(run, "report")} target="_blank" rel="noopener" aria-label={`Report of ${run.name}`}>
          Report
        </a>
      </td>
    </tr>
  );
}
