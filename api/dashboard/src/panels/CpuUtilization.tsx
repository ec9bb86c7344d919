import { numbersOf } from "../bus/payload";
import { helpOf } from "../catalogue";
import { Legend } from "../charts/Legend";
import { type Line, PERCENT } from "../charts/lines";
import { column } from "../charts/points";
import { TimeChart } from "../charts/TimeChart";
import type { Monitor } from "../monitor";
import { BUSIEST_CORE } from "../store/columns";
import { DASH, megahertz, megahertzBeside, percent } from "../text/numbers";
import { Text } from "../view/Text";
import { CoreBars } from "./CoreBars";
import styles from "./CpuUtilization.module.css";
import { Fact, Headline } from "./Headline";
import { Hint } from "./Hint";
import { Panel } from "./Panel";
import { Pressure } from "./Pressure";

const CHANNEL = "system/cpu";
const SCALES = [PERCENT];
const LINES: readonly Line[] = [
  {
    key: "utilization",
    label: "All cores",
    tint: "blue",
    scale: "percent",
    read: column("utilization"),
    filled: true,
    format: percent,
  },
  {
    key: BUSIEST_CORE,
    label: "Busiest core",
    tint: "pink",
    scale: "percent",
    read: column(BUSIEST_CORE),
    format: percent,
  },
];

/** The CPU panel: the utilization of all cores together, now and over time, and of each core now. */
export function CpuUtilization() {
  return (
    <Panel id="cpu-panel" title="CPU Utilization" channel={CHANNEL} sensor="cpu" side={<Pressure family="cpu" />}>
      <Headline
        testId="cpu"
        class={styles.now}
        facts={styles.facts}
        now={
          <Hint text={helpOf("cpu", "utilization")} testId="cpu-value">
            <Text read={(monitor) => percent(monitor.number(CHANNEL, "utilization"))} />
          </Hint>
        }
      >
        <Facts />
      </Headline>
      <CoreBars cores={coresOf} />
      <TimeChart channel={CHANNEL} lines={LINES} scales={SCALES} label="CPU utilization over time" testId="cpu-chart" />
      <Legend channel={CHANNEL} lines={LINES} />
    </Panel>
  );
}

function coresOf(monitor: Monitor): (number | null)[] {
  return numbersOf(monitor.values(CHANNEL).per_core);
}

function Facts() {
  const frequency = (monitor: Monitor) => monitor.number(CHANNEL, "frequency");
  const highest = (monitor: Monitor) => monitor.number(CHANNEL, "frequency_max");
  return (
    <>
      <Fact label="Frequency" help={helpOf("cpu", "frequency")} size="wide" testId="cpu-frequency">
        <Text read={(monitor) => megahertzBeside(frequency(monitor), highest(monitor))} />{" "}
        <small>
          <Text read={(monitor) => (highest(monitor) === null ? "" : `/ ${megahertz(highest(monitor))}`)} />
        </small>
      </Fact>
      <Fact label="Load 1 · 5 · 15 min" help={helpOf("cpu", "load_average")} size="wide" testId="cpu-load">
        <Text read={loadOf} />
      </Fact>
    </>
  );
}

function loadOf(monitor: Monitor): string {
  const load = numbersOf(monitor.values(CHANNEL).load_average);
  if (load.length === 0) return DASH;
  return load.map((value) => value?.toFixed(value < 10 ? 1 : 0) ?? DASH).join(" · ");
}
