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

/** Utilization of all cores and of each core, now and over time. */
export function CpuUtilization() {
  return (
    <Panel id="cpu-panel" title="CPU Utilization" channel={CHANNEL} sensor="cpu" side={<Pressure family="cpu" />}>
      <div class="now-row">
        <div>
          <p class="now">
            <Hint text={helpOf("cpu", "utilization")} testId="cpu-value">
              <Text read={(monitor) => percent(monitor.number(CHANNEL, "utilization"))} />
            </Hint>
          </p>
        </div>
        <Facts />
      </div>
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
    <dl class="facts">
      <div class="wide">
        <dt>
          <Hint text={helpOf("cpu", "frequency")}>Frequency</Hint>
        </dt>
        <dd data-testid="cpu-frequency">
          <Text read={(monitor) => megahertzBeside(frequency(monitor), highest(monitor))} />{" "}
          <small>
            <Text read={(monitor) => (highest(monitor) === null ? "" : `/ ${megahertz(highest(monitor))}`)} />
          </small>
        </dd>
      </div>
      <div class="wide">
        <dt>
          <Hint text={helpOf("cpu", "load_average")}>Load 1 · 5 · 15 min</Hint>
        </dt>
        <dd>
          <span data-testid="cpu-load">
            <Text read={loadOf} />
          </span>
        </dd>
      </div>
    </dl>
  );
}

function loadOf(monitor: Monitor): string {
  const load = numbersOf(monitor.values(CHANNEL).load_average);
  if (load.length === 0) return DASH;
  return load.map((value) => value?.toFixed(value < 10 ? 1 : 0) ?? DASH).join(" · ");
}
