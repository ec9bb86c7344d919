import { isObject, textOf, textsOf } from "../bus/payload";
import { gpuChannel, helpOf } from "../catalogue";
import { Legend } from "../charts/Legend";
import { degrees, exactBytes, grouped, megahertz, percent, share, shortSizeOf, whole } from "../text/numbers";
import { isGpuDisabled, noGpuReason } from "../text/noGpu";
import { isSerious, throttleLabels, throttleShares } from "../text/throttleReasons";
import type { Monitor } from "../monitor";
import { useFrameWhen } from "../view/hooks";
import { Live } from "../view/Live";
import { toggled, type GpuSeries } from "../view/view";
import { GpuInstances, MigNote } from "./GpuInstances";
import { GpuProcesses } from "./GpuProcesses";
import { GpuReadings } from "./GpuReadings";
import { GpuTiles } from "./GpuTiles";
import { Panel } from "./Panel";
import { GPU_LINES, UtilizationChart } from "./UtilizationChart";

/** Utilization and temperature of one GPU over time, with small tiles of all GPUs. */
export function GpuPanel() {
  const monitor = useFrameWhen((each) => [each.shown?.gpuIds, selectedGpu(each), each.view.series, noGpuReason(each.shown)].join("\n"));
  const title = "GPU Utilization & Temp";
  const id = selectedGpu(monitor);
  if (id === undefined) {
    const isFinal = isGpuDisabled(monitor.shown) || !!monitor.shown?.status?.sensors["gpu"]?.reason;
    return (
      <Panel id="gpu-panel" title={title} waits={!isFinal}>
        <p class="absent" data-testid="gpu-reason">{noGpuReason(monitor.shown)}</p>
      </Panel>
    );
  }
  const channel = gpuChannel(id);
  const ids = monitor.shown?.gpuIds ?? [];
  const on = new Set<string>(monitor.view.series);
  const toggle = (key: string) =>
    monitor.change({ series: toggled(monitor.view.series, key as GpuSeries) });
  return (
    <Panel id="gpu-panel" title={title} channel={channel} sensor="gpu" side={<><Name id={id} /><Throttling channel={channel} /></>}>
      <div class="now-row">
        <div>
          <p class="now" data-testid="gpu-now">
            Util: <Live read={(each) => percent(each.number(channel, "utilization"))} />{" "}
            <span class="bar" aria-hidden="true">|</span>{" "}
            Temp: <Live read={(each) => degrees(each.number(channel, "temperature"))} />
          </p>
        </div>
        <Facts channel={channel} />
      </div>
      <MigNote id={id} />
      <UtilizationChart id={id} />
      <Legend channel={channel} lines={GPU_LINES} toggles={{ on, toggle }} />
      {ids.length > 1 && <GpuTiles ids={ids} selected={id} />}
      <GpuInstances id={id} />
      <GpuProcesses id={id} />
      <GpuReadings id={id} />
    </Panel>
  );
}

function selectedGpu({ shown, view }: Monitor): string | undefined {
  const ids = shown?.gpuIds ?? [];
  return view.gpu !== null && ids.includes(view.gpu) ? view.gpu : ids[0];
}

function Name({ id }: { id: string }) {
  const text = (monitor: Monitor, field: string) => textOf(monitor.values(gpuChannel(id))[field]);
  const monitor = useFrameWhen((each) => `${text(each, "name")} ${text(each, "uuid")}`);
  return (
    <span class="subject" title={text(monitor, "uuid") ?? undefined} data-testid="gpu-name">
      <b>GPU {id}</b> {text(monitor, "name") ?? ""}
    </span>
  );
}

function Facts({ channel }: { channel: string }) {
  const used = (monitor: Monitor) => monitor.number(channel, "memory_used");
  const total = (monitor: Monitor) => monitor.number(channel, "memory_total");
  return (
    <dl class="facts">
      <div class="medium" title={helpOf("gpu", "power")}>
        <dt>Power</dt>
        <dd data-testid="gpu-power">
          <Live read={(monitor) => grouped(monitor.number(channel, "power"))} />{" "}
          <Live as="small" read={(monitor) => `/ ${whole(monitor.number(channel, "power_limit"), "W")}`} />
        </dd>
      </div>
      <div class="wide">
        <dt>Memory</dt>
        <dd>
          <Live read={(monitor) => percent(share(used(monitor), total(monitor)))} />{" "}
          <Live as="small" read={(monitor) => shortSizeOf(used(monitor), total(monitor))} hint={(monitor) => exactBytes(used(monitor), total(monitor))} />
        </dd>
      </div>
      <div title={helpOf("gpu", "sm_clock")}>
        <dt>SM clock</dt>
        <dd><Live read={(monitor) => megahertz(monitor.number(channel, "sm_clock"))} /></dd>
      </div>
      <div title={helpOf("gpu", "temperature_margin")}>
        <dt>Thermal headroom</dt>
        <dd><Live read={(monitor) => degrees(monitor.number(channel, "temperature_margin"))} testId="gpu-margin" /></dd>
      </div>
      <div title={helpOf("gpu", "memory_utilization")}>
        <dt>Memory controller</dt>
        <dd><Live read={(monitor) => percent(monitor.number(channel, "memory_utilization"))} /></dd>
      </div>
    </dl>
  );
}

function Throttling({ channel }: { channel: string }) {
  const recentShares = (monitor: Monitor) => {
    const shares = monitor.values(channel)["throttle_shares"];
    return isObject(shares) ? throttleShares(shares) : "";
  };
  const monitor = useFrameWhen((each) => `${JSON.stringify(each.values(channel)["throttle_reasons"])} ${recentShares(each)}`);
  const reasons = monitor.values(channel)["throttle_reasons"];
  if (!Array.isArray(reasons)) return null;
  const known = textsOf(reasons);
  const labels = throttleLabels(known);
  const text = labels.length === 0 ? "Not throttled" : `Throttled: ${labels.join(", ")}`;
  const kind = labels.length === 0 ? "calm" : isSerious(known) ? "alarm" : "note";
  return (
    <div class="throttling">
      {recentShares(monitor) && (
        <small title={`${recentShares(monitor)}. ${helpOf("gpu", "throttle_shares")}`} data-testid="gpu-throttle-shares">Last 5 min: {recentShares(monitor)}</small>
      )}
      <p class={`pill ${kind}`} title={`${text}. ${helpOf("gpu", "throttle_reasons")}`} data-testid="gpu-throttle">{text}</p>
    </div>
  );
}
