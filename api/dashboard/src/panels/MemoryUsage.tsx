import { numberOf, type Values } from "../bus/payload";
import { helpOf } from "../catalogue";
import { Legend } from "../charts/Legend";
import type { Line, Scale } from "../charts/lines";
import { column } from "../charts/points";
import { TimeChart } from "../charts/TimeChart";
import { DASH, exactBytes, percent, share, sizeOf } from "../text/numbers";
import { useFrame } from "../view/hooks";
import { Meter } from "./Meter";
import { Panel } from "./Panel";
import { Pressure } from "./Pressure";

const CHANNEL = "system/memory";
const GB = 1024 ** 3;
const NEARLY_FULL = 92;

const gigabytes = (value: number | null) => (value === null ? DASH : `${value.toFixed(1)} GB`);

const RAM: Line = { key: "ram", label: "RAM", tint: "green", scale: "gb", read: column("ram_used", GB), filled: true, format: gigabytes };
const SWAP: Line = { key: "swap", label: "Swap", tint: "pink", scale: "gb", read: column("swap_used", GB), dash: [8, 4], format: gigabytes };
const CGROUP: Line = { key: "cgroup", label: "This job", tint: "blue", scale: "gb", read: column("cgroup_used", GB), format: gigabytes };
const LIMIT: Line = { key: "limit", label: "Job limit", tint: "grey", scale: "gb", read: column("cgroup_limit", GB), dash: [2, 3], format: gigabytes };

/** RAM and swap now and over time, the job's own limit, and whether programs wait for memory. */
export function MemoryUsage() {
  const monitor = useFrame();
  const values = monitor.shown?.newest.get(CHANNEL)?.values ?? {};
  const total = numberOf(values["ram_total"]);
  const limited = numberOf(values["cgroup_limit"]) !== null;
  const swapped = (numberOf(values["swap_total"]) ?? 0) > 0;
  const lines = [RAM, ...(swapped ? [SWAP] : []), ...(limited ? [CGROUP, LIMIT] : [])];
  return (
    <Panel id="memory-panel" title="Memory Usage" channel={CHANNEL} sensor="memory" side={<Pressure values={values} family="memory" />}>
      <div class="stack">
        <Amount id="ram" label="RAM" tint="green" values={values} used="ram_used" total="ram_total" big />
        {limited && <Amount id="cgroup" label="This job" tint="blue" values={values} used="cgroup_used" total="cgroup_limit" />}
        <Amount id="swap" label="Swap" tint="pink" values={values} used="swap_used" total="swap_total" />
      </div>
      <TimeChart channel={CHANNEL} lines={lines} scales={[scaleFor(total)]} label="Memory over time" testId="memory-chart" />
      <Legend channel={CHANNEL} lines={lines} />
    </Panel>
  );
}

interface AmountProps {
  readonly id: string;
  readonly label: string;
  readonly tint: "green" | "blue" | "pink";
  readonly values: Values;
  readonly used: string;
  readonly total: string;
  readonly big?: boolean;
}

function Amount({ id, label, tint, values, used, total, big = false }: AmountProps) {
  const have = numberOf(values[used]);
  const all = numberOf(values[total]);
  const none = all === 0;
  const text = none ? "none configured" : sizeOf(have, all);
  const full = share(have, all);
  return (
    <div class={`amount${big ? " big" : ""}`} title={`${exactBytes(have, all)}: ${helpOf("memory", used)}`}>
      <div class="row">
        <span class="label">{label}</span>
        <span class="value">
          <span data-testid={`${id}-value`}>{text}</span>
          {!none && <b data-testid={`${id}-percent`}>{percent(full)}</b>}
        </span>
      </div>
      <Meter label={label} value={full} text={text} tint={tint} warnAt={big || id === "cgroup" ? NEARLY_FULL : 101} />
    </div>
  );
}

const scales = new Map<number | null, Scale>();

function scaleFor(total: number | null): Scale {
  const known = scales.get(total);
  if (known) return known;
  const scale: Scale = {
    key: "gb",
    id: `gb ${total}`,
    side: "left",
    range: (_, high) => [0, total === null ? Math.max(high ?? 1, 1) : total / GB],
    format: (value) => `${value} GB`,
  };
  scales.set(total, scale);
  return scale;
}
