import { useState } from "preact/hooks";
import { isObject, numberOf, textOf } from "../bus/payload";
import { gpuChannel, processesChannel } from "../catalogue";
import { Band } from "../charts/Band";
import type { Monitor } from "../monitor";
import { slopeOf } from "../store/slope";
import controls from "../styles/controls.module.css";
import { type GpuState, stateOfGpu } from "../text/gpuState";
import { DASH, degrees, grouped, percent, share, whole } from "../text/numbers";
import { slopeText } from "../text/slope";
import { useMonitor, useValue } from "../view/hooks";
import { Text } from "../view/Text";
import type { GpuSeries } from "../view/view";
import { AllGpus } from "./AllGpus";
import styles from "./GpuMatrix.module.css";
import { Hint } from "./Hint";
import { PlainMeter } from "./Meter";
import { Panel } from "./Panel";

const COLUMNS = ["GPU", "State", "Utilization", "Memory", "Temp", "Power", "Process", "User"] as const;

/**
 * A table with a row for each GPU. Selecting a row shows its GPU in the GPU panel.
 *
 * Renders nothing for a host with fewer than two GPUs.
 */
export function GpuMatrix() {
  const { ids, selected } = useValue((monitor) => ({
    ids: monitor.shown?.gpuIds ?? [],
    selected: monitor.selectedGpu,
  }));
  const [isOpen, setOpen] = useState(false);
  const [series, setSeries] = useState<GpuSeries>("utilization");
  if (ids.length < 2) return null;
  return (
    <Panel
      id="gpu-matrix"
      title="GPUs"
      class={styles.panel}
      side={
        <button
          type="button"
          class={`${controls.button} ${styles.compare}`}
          aria-expanded={isOpen}
          data-testid="all-gpus-toggle"
          onClick={() => setOpen(!isOpen)}
        >
          {isOpen ? "Hide the chart of all GPUs" : "All GPUs in one chart"}
        </button>
      }
    >
      <table class={styles.table} data-testid="gpu-rows">
        <thead>
          <tr class={`${styles.row} ${styles.head}`}>
            {COLUMNS.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {ids.map((id) => (
            <Row key={id} id={id} selected={id === selected} />
          ))}
        </tbody>
      </table>
      {isOpen && <AllGpus ids={ids} selected={selected} shown={series} onShow={setSeries} />}
    </Panel>
  );
}

function Row({ id, selected }: { readonly id: string; readonly selected: boolean }) {
  const channel = gpuChannel(id);
  const monitor = useMonitor();
  // Facts that seldom change are read as one value, because each separate value costs time with each sample.
  const { isStale, state, process, hottest, limit } = useValue((each) => factsOf(each, id));
  const number = (name: string) => (each: Monitor) => each.number(channel, name);
  const full = (each: Monitor) => share(each.number(channel, "memory_used"), each.number(channel, "memory_total"));
  const slope = (each: Monitor) => {
    const series = each.shown?.series.get(channel);
    return series ? slopeText(slopeOf(series, "memory_used", "memory_total")) : "";
  };
  const open = () => {
    monitor.change({ gpu: id });
    // On a small screen the panel is below the visible part of the page, so the page scrolls to the panel. Otherwise
    // the page does not scroll, so that the row stays under the pointer.
    const panel = document.getElementById("gpu-panel");
    if (panel && panel.getBoundingClientRect().top > 0.8 * innerHeight) panel.scrollIntoView({ block: "nearest" });
  };
  return (
    <tr
      class={`${styles.row}${selected ? ` ${styles.selected}` : ""}${isStale ? ` ${styles.stale}` : ""}`}
      data-testid={`gpu-row-${id}`}
    >
      <th scope="row">
        <button type="button" class={styles.open} aria-pressed={selected} onClick={open}>
          <span class="sr-only">GPU </span>
          {id}
        </button>
      </th>
      <td class={styles.state}>
        <State id={id} state={state} />
      </td>
      <td class={styles.utilization}>
        <b class={styles.percent} data-testid={`gpu-${id}-utilization`}>
          <span class={styles.box}>
            <Text read={(each) => percent(number("utilization")(each))} />
          </span>
        </b>
        <Band channel={channel} column="utilization" class={styles.band} />
      </td>
      <td class={styles.memory}>
        {/* The sidebar shows the number, and screen readers read it there. */}
        <PlainMeter value={full} tint="violet" />
        <span class={styles.slope}>
          <span class={styles.box}>
            <Text read={slope} />
          </span>
        </span>
      </td>
      <td class={styles.temperature}>
        <span class={styles.box} data-testid={`gpu-${id}-temperature`}>
          <Text read={(each) => degrees(number("temperature")(each))} /> <small>{limitOf(degrees(hottest))}</small>
        </span>
      </td>
      <td class={styles.power}>
        <span class={styles.box} data-testid={`gpu-${id}-power`}>
          <Text read={(each) => grouped(number("power")(each))} /> <small>{limitOf(whole(limit, "W"))}</small>
        </span>
      </td>
      <td class={styles.process}>
        {process.name}
        {process.more > 0 && <small> +{process.more}</small>}
      </td>
      <td class={styles.user}>{process.user}</td>
    </tr>
  );
}

function limitOf(text: string): string {
  return text === DASH ? "" : `/ ${text}`;
}

function factsOf(monitor: Monitor, id: string) {
  const channel = gpuChannel(id);
  return {
    isStale: monitor.isStale(channel),
    state: stateOfGpu(id, monitor),
    process: mainProcess(monitor, id),
    hottest: monitor.number(channel, "slowdown_temperature"),
    limit: monitor.number(channel, "power_limit"),
  };
}

function State({ id, state }: { readonly id: string; readonly state: GpuState }) {
  const { kind, sign, label, detail } = state;
  return (
    <span class={styles[kind]} data-testid={`gpu-state-${id}`} data-kind={kind}>
      <i aria-hidden="true">{sign}</i>{" "}
      <Hint text={detail ?? ""} class={detail === null ? "" : styles.explained}>
        {label}
      </Hint>
      {detail !== null && <span class="sr-only">: {detail}</span>}
    </span>
  );
}

/** The process that uses the most memory on a GPU, its user, and the number of other processes. */
function mainProcess(monitor: Monitor, id: string): { name: string; user: string; more: number } {
  const { processes, more } = monitor.values(processesChannel(id));
  const listed = Array.isArray(processes) ? processes.filter(isObject) : [];
  const first = listed[0];
  if (first === undefined) return { name: Array.isArray(processes) ? "none" : DASH, user: "", more: 0 };
  return {
    name: textOf(first.command) ?? textOf(first.name) ?? `PID ${numberOf(first.pid) ?? DASH}`,
    user: textOf(first.user) ?? DASH,
    more: listed.length - 1 + (numberOf(more) ?? 0),
  };
}
