import { isObject, textOf, textsOf } from "../bus/payload";
import { gpuChannel, helpOf } from "../catalogue";
import { Legend } from "../charts/Legend";
import { isGpuDisabled, noGpuReason } from "../text/noGpu";
import { degrees, grouped, megahertz, percent, whole } from "../text/numbers";
import { isSerious, throttleLabels, throttleShares } from "../text/throttleReasons";
import { useMonitor, useReading, useValue } from "../view/hooks";
import { Text } from "../view/Text";
import { type GpuSeries, toggled } from "../view/view";
import { GpuInstances, MigNote } from "./GpuInstances";
import { GpuProcesses } from "./GpuProcesses";
import { GpuReadings } from "./GpuReadings";
import { Panel } from "./Panel";
import { GPU_LINES, UtilizationChart } from "./UtilizationChart";

const TITLE = "GPU Utilization & Temp";

/** Utilization and temperature of the selected GPU over time. */
export function GpuPanel() {
  const id = useValue((monitor) => monitor.selectedGpu);
  return id === null ? <NoGpu /> : <Gpu key={id} id={id} />;
}

function NoGpu() {
  const { reason, isFinal } = useValue(({ shown }) => ({
    reason: noGpuReason(shown),
    isFinal: isGpuDisabled(shown) || !!shown?.status?.sensors.gpu?.reason,
  }));
  return (
    <Panel id="gpu-panel" title={TITLE} waits={!isFinal}>
      <p class="absent" data-testid="gpu-reason">
        {reason}
      </p>
    </Panel>
  );
}

function Gpu({ id }: { readonly id: string }) {
  const monitor = useMonitor();
  const channel = gpuChannel(id);
  const on = new Set<string>(monitor.view.series);
  const toggle = (key: string) => monitor.change({ series: toggled(monitor.view.series, key as GpuSeries) });
  return (
    <Panel
      id="gpu-panel"
      title={TITLE}
      channel={channel}
      sensor="gpu"
      side={
        <>
          <Name id={id} />
          <Throttling channel={channel} />
        </>
      }
    >
      <div class="now-row">
        <div>
          <p class="now" data-testid="gpu-now">
            Util: <Text read={(each) => percent(each.number(channel, "utilization"))} />{" "}
            <span class="bar" aria-hidden="true">
              |
            </span>{" "}
            Temp: <Text read={(each) => degrees(each.number(channel, "temperature"))} />
          </p>
        </div>
        <Facts channel={channel} />
      </div>
      <MigNote id={id} />
      <UtilizationChart id={id} />
      <Legend channel={channel} lines={GPU_LINES} toggles={{ on, toggle }} />
      <GpuInstances id={id} />
      <GpuProcesses id={id} />
      <GpuReadings id={id} />
    </Panel>
  );
}

function Name({ id }: { id: string }) {
  const uuid = useReading((monitor) => textOf(monitor.values(gpuChannel(id)).uuid) ?? "");
  return (
    <span class="subject" title={uuid} data-testid="gpu-name">
      <b>GPU {id}</b> <Text read={(monitor) => textOf(monitor.values(gpuChannel(id)).name) ?? ""} />
    </span>
  );
}

function Facts({ channel }: { channel: string }) {
  const isOnly = useValue((monitor) => monitor.shown?.gpuIds.length === 1);
  return (
    <dl class="facts">
      {isOnly && <Power channel={channel} />}
      <div title={helpOf("gpu", "sm_clock")}>
        <dt>SM clock</dt>
        <dd>
          <Text read={(monitor) => megahertz(monitor.number(channel, "sm_clock"))} />
        </dd>
      </div>
      <div title={helpOf("gpu", "temperature_margin")}>
        <dt>Thermal headroom</dt>
        <dd>
          <span data-testid="gpu-margin">
            <Text read={(monitor) => degrees(monitor.number(channel, "temperature_margin"))} />
          </span>
        </dd>
      </div>
      <div title={helpOf("gpu", "memory_utilization")}>
        <dt>Memory controller</dt>
        <dd>
          <Text read={(monitor) => percent(monitor.number(channel, "memory_utilization"))} />
        </dd>
      </div>
    </dl>
  );
}

// With several GPUs it is in the row of the GPU.
function Power({ channel }: { channel: string }) {
  return (
    <div class="medium" title={helpOf("gpu", "power")}>
      <dt>Power</dt>
      <dd data-testid="gpu-power">
        <Text read={(monitor) => grouped(monitor.number(channel, "power"))} />{" "}
        <small>
          <Text read={(monitor) => `/ ${whole(monitor.number(channel, "power_limit"), "W")}`} />
        </small>
      </dd>
    </div>
  );
}

function Throttling({ channel }: { channel: string }) {
  const { reasons, recent } = useValue((monitor) => {
    const values = monitor.values(channel);
    const shares = values.throttle_shares;
    return { reasons: values.throttle_reasons, recent: isObject(shares) ? throttleShares(shares) : "" };
  });
  if (!Array.isArray(reasons)) return null;
  const known = textsOf(reasons);
  const labels = throttleLabels(known);
  const text = labels.length === 0 ? "Not throttled" : `Throttled: ${labels.join(", ")}`;
  const kind = labels.length === 0 ? "calm" : isSerious(known) ? "alarm" : "note";
  return (
    <div class="throttling">
      {recent && (
        <small title={`${recent}. ${helpOf("gpu", "throttle_shares")}`} data-testid="gpu-throttle-shares">
          Last 5 min: {recent}
        </small>
      )}
      <p class={`pill ${kind}`} title={`${text}. ${helpOf("gpu", "throttle_reasons")}`} data-testid="gpu-throttle">
        {text}
      </p>
    </div>
  );
}
