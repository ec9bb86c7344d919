import { textOf } from "../bus/payload";
import { gpuChannel, helpOf } from "../catalogue";
import { Legend } from "../charts/Legend";
import type { Monitor } from "../monitor";
import { isGpuDisabled, noGpuReason } from "../text/noGpu";
import { degrees, percent } from "../text/numbers";
import { heatOf } from "../text/temperature";
import { useMonitor, useValue } from "../view/hooks";
import { Text } from "../view/Text";
import { type GpuSeries, toggled } from "../view/view";
import { GpuFacts } from "./GpuFacts";
import { GpuHealth } from "./GpuHealth";
import { GpuInstances, MigNote } from "./GpuInstances";
import styles from "./GpuPanel.module.css";
import { GpuProcesses } from "./GpuProcesses";
import { GpuReadings } from "./GpuReadings";
import { Headline } from "./Headline";
import { Hint } from "./Hint";
import { Panel } from "./Panel";
import { GPU_LINES, UtilizationChart } from "./UtilizationChart";

const TITLE = "GPU Utilization & Temp";

/** The panel of the selected GPU: its utilization and temperature over time, and its processes. */
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
    <Panel
      id="gpu-panel"
      title={TITLE}
      class={`${styles.panel} ${isFinal ? styles.line : ""}`}
      waits={!isFinal}
      side={
        <p class={styles.reason} data-testid="gpu-reason">
          {reason}
        </p>
      }
    />
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
      class={styles.panel}
      side={
        <>
          <Name id={id} />
          <GpuHealth channel={channel} />
        </>
      }
    >
      <Headline
        testId="gpu"
        class={styles.now}
        facts={styles.facts}
        now={
          <>
            Util: <Text read={(each) => percent(each.number(channel, "utilization"))} />{" "}
            <span class={styles.bar} aria-hidden="true">
              |
            </span>{" "}
            Temp: <Temperature channel={channel} />
          </>
        }
      >
        <GpuFacts id={id} />
      </Headline>
      <MigNote id={id} />
      <UtilizationChart id={id} />
      <Legend channel={channel} lines={GPU_LINES} toggles={{ on, toggle }} />
      <GpuInstances id={id} />
      <GpuProcesses id={id} />
      <GpuReadings id={id} />
    </Panel>
  );
}

function Name({ id }: { readonly id: string }) {
  const textIn = (name: string) => (monitor: Monitor) => textOf(monitor.values(gpuChannel(id))[name]) ?? "";
  return (
    <span class={styles.name} data-testid="gpu-name">
      <b>
        <Hint text={textIn("uuid")}>GPU {id}</Hint>
      </b>{" "}
      <Text read={textIn("name")} />
    </span>
  );
}

/**
 * The temperature of a GPU.
 *
 * A colour and a symbol warn if the temperature is close to or above the GPU's slowdown temperature.
 */
function Temperature({ channel }: { readonly channel: string }) {
  const heat = useValue((monitor) => heatOf(monitor.values(channel)));
  const text = [helpOf("gpu", "temperature"), heat?.text].filter(Boolean).join(": ");
  return (
    <Hint text={text} class={heat === null ? "" : styles[heat.kind]} testId="gpu-temperature">
      <Text read={(monitor) => degrees(monitor.number(channel, "temperature"))} />
    </Hint>
  );
}
