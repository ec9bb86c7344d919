import { isObject, numberOf, textOf, textsOf, type Values } from "../bus/payload";
import { gpuChannel, helpOf } from "../catalogue";
import { Legend } from "../charts/Legend";
import { DASH, degrees, exactBytes, megahertz, percent, share, shortSizeOf, whole } from "../text/numbers";
import { isSerious, shareWords, throttleWords } from "../text/throttle";
import type { HostData } from "../store/host";
import { useFrame } from "../view/hooks";
import { toggled, type GpuSeries } from "../view/view";
import { GpuInstances } from "./GpuInstances";
import { GpuProcesses } from "./GpuProcesses";
import { GpuTiles } from "./GpuTiles";
import { Panel } from "./Panel";
import { GPU_LINES, UtilizationChart } from "./UtilizationChart";

/** Utilization and temperature of one GPU over time; the others beside it, small. */
export function GpuPanel() {
  const monitor = useFrame();
  const host = monitor.shown;
  const ids = host?.gpuIds ?? [];
  const title = "GPU Utilization & Temp";
  const wanted = monitor.view.gpu;
  const id = wanted !== null && ids.includes(wanted) ? wanted : ids[0];
  if (host === null || id === undefined) {
    return (
      <Panel id="gpu-panel" title={title}>
        <p class="absent" data-testid="gpu-reason">{reasonOf(host)}</p>
      </Panel>
    );
  }
  const values = host.newest.get(gpuChannel(id))?.values ?? {};
  const on = new Set<string>(monitor.view.series);
  const toggle = (key: string) =>
    monitor.change({ series: toggled(monitor.view.series, key as GpuSeries) });
  return (
    <Panel id="gpu-panel" title={title} channel={gpuChannel(id)} sensor="gpu" side={<Name id={id} values={values} />}>
      <div class="now-row">
        <p class="now" data-testid="gpu-now">
          Util: {percent(numberOf(values["utilization"]))} <span class="bar" aria-hidden="true">|</span> Temp: {degrees(numberOf(values["temperature"]))}
        </p>
        <Facts values={values} />
      </div>
      <UtilizationChart id={id} />
      <Legend channel={gpuChannel(id)} lines={GPU_LINES} toggles={{ on, toggle }} />
      {ids.length > 1 && <GpuTiles ids={ids} selected={id} />}
      <GpuInstances id={id} />
      <GpuProcesses id={id} />
    </Panel>
  );
}

function Name({ id, values }: { id: string; values: Values }) {
  const name = textOf(values["name"]) ?? "";
  return (
    <span class="subject" title={textOf(values["uuid"]) ?? undefined} data-testid="gpu-name">
      <b>GPU {id}</b> {name}
    </span>
  );
}

function Facts({ values }: { values: Values }) {
  const power = numberOf(values["power"]);
  const limit = numberOf(values["power_limit"]);
  const used = numberOf(values["memory_used"]);
  const total = numberOf(values["memory_total"]);
  return (
    <>
      <dl class="facts">
        <div title={helpOf("gpu", "power")}>
          <dt>Power</dt>
          <dd data-testid="gpu-power">{power === null ? DASH : Math.round(power)} / {whole(limit, "W")}</dd>
        </div>
        <div title={exactBytes(used, total)}>
          <dt>Memory</dt>
          <dd>{percent(share(used, total))} <small>{shortSizeOf(used, total)}</small></dd>
        </div>
        <div title={helpOf("gpu", "sm_clock")}>
          <dt>SM clock</dt>
          <dd>{megahertz(numberOf(values["sm_clock"]))}</dd>
        </div>
        <div title={helpOf("gpu", "temperature_margin")}>
          <dt>To slowdown</dt>
          <dd data-testid="gpu-margin">{degrees(numberOf(values["temperature_margin"]))}</dd>
        </div>
        <div title={helpOf("gpu", "memory_utilization")}>
          <dt>Mem. access</dt>
          <dd>{percent(numberOf(values["memory_utilization"]))}</dd>
        </div>
      </dl>
      <Throttling reasons={values["throttle_reasons"]} shares={values["throttle_shares"]} />
    </>
  );
}

function Throttling({ reasons, shares }: { reasons: unknown; shares: unknown }) {
  if (!Array.isArray(reasons)) return null;
  const known = textsOf(reasons);
  const words = throttleWords(known);
  const kind = words.length === 0 ? "calm" : isSerious(known) ? "alarm" : "note";
  const lately = isObject(shares) ? shareWords(shares) : "";
  return (
    <div class="throttling">
      {lately && <small title={helpOf("gpu", "throttle_shares")} data-testid="gpu-throttle-shares">Last 5 min: {lately}</small>}
      <p class={`throttle ${kind}`} title={helpOf("gpu", "throttle_reasons")} data-testid="gpu-throttle">
        {words.length === 0 ? "Not throttled" : `Throttled: ${words.join(", ")}`}
      </p>
    </div>
  );
}

/** Why there is no GPU, in one sentence. */
export function reasonOf(host: HostData | null): string {
  if (host === null) return "Waiting for the first values.";
  const report = host.status?.sensors["gpu"];
  if (report?.reason) return report.reason;
  if (report?.state === "starting" || host.status === null) return "The collector has not said yet what it found.";
  return "No reading of a GPU has arrived yet.";
}
