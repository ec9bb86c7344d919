import type { TargetedEvent } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { chosen, countOf, type FleetRow, fleetOf, SORTINGS, type Sorting } from "../store/fleet";
import controls from "../styles/controls.module.css";
import type { Cell, CellKind } from "../text/glance";
import { SIGNS } from "../text/gpuState";
import { percent } from "../text/numbers";
import { shortNames } from "../text/shortNames";
import { useMonitor, useValue } from "../view/hooks";
import { hashFromView } from "../view/view";
import { useHint } from "./Hint";
import styles from "./HostsPage.module.css";

const LABELS: Readonly<Record<Sorting, string>> = {
  free: "Free GPUs first",
  findings: "Findings first",
  name: "By name",
};
const LEGEND: readonly (readonly [CellKind, string, string])[] = [
  ["free", "", "free"],
  ["busy", "", "in use"],
  ["idle", "z", "held, but idle"],
  ["warning", SIGNS.warning, "warning"],
  ["critical", SIGNS.critical, "critical"],
  ["unknown", "?", "no data"],
];
const STATES = { live: "✓ live", stale: "○ no data", offline: "○ offline" } as const;

/** The page of all hosts, for finding a free GPU or a host that needs attention. */
export function HostsPage() {
  const { overview } = useMonitor();
  const [query, setQuery] = useState("");
  const [sorting, setSorting] = useState<Sorting>("free");
  useEffect(() => {
    overview.start();
    return () => overview.stop();
  }, [overview]);
  const { hosts, listed, problem } = useValue((monitor) => ({
    hosts: monitor.glances,
    listed: monitor.hosts.entries.value.map(({ name }) => name),
    problem: overview.problem.value,
  }));
  const rows = useMemo(() => (hosts === null ? [] : fleetOf(hosts, listed)), [hosts, listed]);
  const names = useMemo(() => shortNames(rows.map(({ name }) => name)), [rows]);
  const shown = chosen(rows, query, sorting);
  return (
    <main class={styles.page} data-testid="hosts-page">
      <div class={styles.tools}>
        <h2>Hosts</h2>
        <input
          type="search"
          placeholder="Search names and findings"
          aria-label="Search names and findings"
          value={query}
          data-testid="hosts-search"
          onInput={(event) => setQuery(event.currentTarget.value)}
        />
        <div class={controls.segments} role="group" aria-label="Sort hosts">
          {SORTINGS.map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={each === sorting}
              data-testid={`sort-${each}`}
              onClick={() => setSorting(each)}
            >
              {LABELS[each]}
            </button>
          ))}
        </div>
        <p role="status" data-testid="hosts-summary">
          {hosts === null ? "Loading the hosts." : summaryOf(shown)}
        </p>
      </div>
      {problem && <p class={styles.problem}>These values are not current: {problem}</p>}
      <Legend />
      <ul class={styles.list} data-testid="hosts">
        {shown.map((row) => (
          <Host key={row.name} row={row} short={names.get(row.name) ?? row.name} />
        ))}
      </ul>
    </main>
  );
}

function summaryOf(rows: readonly FleetRow[]): string {
  const count = (number: number, word: string) => `${number} ${word}${number === 1 ? "" : "s"}`;
  const attention = rows.filter((row) => row.count > 0).length;
  return [
    count(rows.length, "host"),
    count(
      rows.reduce((sum, { cells }) => sum + cells.length, 0),
      "GPU",
    ),
    `${countOf(rows, "free")} free`,
    `${countOf(rows, "idle")} held, but idle`,
    `${count(attention, "host")} ${attention === 1 ? "needs" : "need"} attention`,
  ].join(" · ");
}

function Legend() {
  return (
    <p class={styles.legend}>
      {LEGEND.map(([kind, sign, label]) => (
        <span key={kind}>
          <i class={`${styles.cell} ${styles[kind]}`} aria-hidden="true">
            {sign}
          </i>{" "}
          {label}
        </span>
      ))}
    </p>
  );
}

function Host({ row, short }: { readonly row: FleetRow; readonly short: string }) {
  const { view } = useMonitor();
  const { name, state, cells, worst } = row;
  const hint = useHint(short === name ? "" : name);
  const link = (gpu: string | null) => hashFromView({ ...view, page: "host", run: null, host: name, gpu, zoom: null });
  return (
    <li class={styles.host} data-testid="host-row" onKeyDown={moveFocus}>
      <a class={styles.name} href={link(null)} {...hint}>
        <span aria-hidden="true">{short}</span>
        <span class="sr-only">{name}</span>
      </a>
      <span class={state === "live" ? styles.calm : styles.offline}>{STATES[state]}</span>
      <span class={styles.cells}>
        {cells.map((cell) => (
          <Gpu key={cell.id} cell={cell} link={link(cell.id)} />
        ))}
      </span>
      <span class={styles.free}>{cells.length > 0 && `${countOf([row], "free")} free`}</span>
      <span class={styles.load}>
        CPU <b>{percent(row.cpu)}</b>
      </span>
      <span class={styles.load}>
        RAM <b>{percent(row.memory)}</b>
      </span>
      <span class={`${styles.worst} ${worst ? styles[`${worst.severity}-text`] : ""}`}>
        {worst && `${SIGNS[worst.severity]} ${worst.summary}`}
      </span>
    </li>
  );
}

/** The cell of a GPU. On a touch screen, the first tap opens the cell's explanation; the second follows the link. */
function Gpu({ cell, link }: { readonly cell: Cell; readonly link: string }) {
  const { hints } = useMonitor();
  const { id, kind, sign } = cell;
  const text = `GPU ${id}: ${cell.text}`;
  const explains = useRef(false);
  return (
    <a
      class={`${styles.cell} ${styles[kind]}`}
      href={link}
      tabIndex={-1}
      aria-label={text}
      data-kind={kind}
      {...useHint(text)}
      onPointerDown={({ pointerType, currentTarget }) => {
        explains.current = pointerType === "touch" && hints.open.peek()?.anchor !== currentTarget;
      }}
      onClick={(event) => {
        if (!explains.current) return;
        explains.current = false;
        event.preventDefault();
        hints.show(event.currentTarget, text);
      }}
    >
      {sign}
    </a>
  );
}

/** Lets the left and right arrow keys move the focus along a row, between the host and its GPUs. */
function moveFocus(event: TargetedEvent<HTMLElement, KeyboardEvent>): void {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (step === undefined) return;
  const links = [...event.currentTarget.querySelectorAll("a")];
  links[links.indexOf(document.activeElement as HTMLAnchorElement) + step]?.focus();
  event.preventDefault();
}
