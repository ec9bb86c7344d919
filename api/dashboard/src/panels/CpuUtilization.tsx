import { numberOf, numbersOf, type Values } from "../bus/payload";
import { helpOf } from "../catalogue";
import { Legend } from "../charts/Legend";
import { PERCENT, type Line } from "../charts/lines";
import { column } from "../charts/points";
import { TimeChart } from "../charts/TimeChart";
import { BUSIEST_CORE } from "../store/columns";
import { DASH, megahertz, percent } from "../text/numbers";
import { useFrame } from "../view/hooks";
import { CoreBars } from "./CoreBars";
import { Panel } from "./Panel";
import { Pressure } from "./Pressure";

const CHANNEL = "system/cpu";
const SCALES = [PERCENT];
const LINES: readonly Line[] = [
  { key: "utilization", label: "All cores", tint: "blue", scale: "percent", read: column("utilization"), filled: true, format: percent },
  { key: BUSIEST_CORE, label: "Busiest core", tint: "orange", scale: "percent", read: column(BUSIEST_CORE), format: percent },
];

/** How busy all cores are, each of them, and how that went. */
export function CpuUtilization() {
  const monitor = useFrame();
  const values = monitor.shown?.newest.get(CHANNEL)?.values ?? {};
  return (
    <Panel id="cpu-panel" title="CPU Utilization" channel={CHANNEL} sensor="cpu" side={<Pressure values={values} family="cpu" />}>
      <div class="now-row">
        <p class="now" data-testid="cpu-value" title={helpOf("cpu", "utilization")}>{percent(numberOf(values["utilization"]))}</p>
        <Facts values={values} />
      </div>
      <CoreBars cores={numbersOf(values["per_core"])} />
      <TimeChart channel={CHANNEL} lines={LINES} scales={SCALES} label="CPU utilization over time" testId="cpu-chart" />
      <Legend channel={CHANNEL} lines={LINES} />
    </Panel>
  );
}

function Facts({ values }: { values: Values }) {
  const highest = numberOf(values["frequency_max"]);
  const load = numbersOf(values["load_average"]);
  return (
    <dl class="facts">
      <div title={helpOf("cpu", "frequency")}>
        <dt>Frequency</dt>
        <dd data-testid="cpu-frequency">
          {megahertz(numberOf(values["frequency"]))}
          {highest !== null && <small> / {megahertz(highest)}</small>}
        </dd>
      </div>
      <div title={helpOf("cpu", "load_average")}>
        <dt>Load 1 · 5 · 15 min</dt>
        <dd data-testid="cpu-load">{load.length ? load.map((value) => value?.toFixed(value < 10 ? 1 : 0) ?? DASH).join(" · ") : DASH}</dd>
      </div>
    </dl>
  );
}
