import { helpOf } from "../catalogue";
import { Legend } from "../charts/Legend";
import type { Line, Scale } from "../charts/lines";
import { column } from "../charts/points";
import { TimeChart } from "../charts/TimeChart";
import type { Monitor } from "../monitor";
import { DASH, exactBytes, percent, share, sizeOf } from "../text/numbers";
import { useFrameWhen } from "../view/hooks";
import { Live } from "../view/Live";
import { Meter } from "./Meter";
import { Panel } from "./Panel";
import { Pressure } from "./Pressure";

const CHANNEL = "system/memory";
const GB = 1024 ** 3;
const NEARLY_FULL = 92;
// What decides which bars and lines there are.
const STRUCTURE = ["ram_total", "cgroup_limit", "swap_total"] as const;

const gigabytes = (value: number | null) => (value === null ? DASH : `${value.toFixed(1)} GB`);

const RAM: Line = { key: "ram", label: "RAM", tint: "green", scale: "gb", read: column("ram_used", GB), filled: true, format: gigabytes };
const SWAP: Line = { key: "swap", label: "Swap", tint: "pink", scale: "gb", read: column("swap_used", GB), dash: [8, 4], format: gigabytes };
const CGROUP: Line = { key: "cgroup", label: "This job", tint: "blue", scale: "gb", read: column("cgroup_used", GB), format: gigabytes };
const LIMIT: Line = { key: "limit", label: "Job limit", tint: "grey", scale: "gb", read: column("cgroup_limit", GB), dash: [2, 3], format: gigabytes };

/** RAM and swap now and over time, the job's own limit, and whether programs wait for memory. */
export function MemoryUsage() {
  const monitor = useFrameWhen((each) => STRUCTURE.map((field) => each.number(CHANNEL, field)).join());
  const [total, limit, swap] = STRUCTURE.map((field) => monitor.number(CHANNEL, field));
  const limited = limit !== null;
  const swapped = (swap ?? 0) > 0;
  const lines = [RAM, ...(swapped ? [SWAP] : []), ...(limited ? [CGROUP, LIMIT] : [])];
  return (
    <Panel id="memory-panel" title="Memory Usage" channel={CHANNEL} sensor="memory" side={<Pressure family="memory" />}>
      <div class="stack">
        <Amount id="ram" label="RAM" tint="green" used="ram_used" total="ram_total" big />
        {limited && <Amount id="cgroup" label="This job" tint="blue" used="cgroup_used" total="cgroup_limit" />}
        <Amount id="swap" label="Swap" tint="pink" used="swap_used" total="swap_total" />
      </div>
      <TimeChart channel={CHANNEL} lines={lines} scales={[scaleFor(total ?? null)]} label="Memory over time" testId="memory-chart" />
      <Legend channel={CHANNEL} lines={lines} />
    </Panel>
  );
}

interface AmountProps {
  readonly id: string;
  readonly label: string;
  readonly tint: "green" | "blue" | "pink";
  readonly used: string;
  readonly total: string;
  readonly big?: boolean;
}

function Amount({ id, label, tint, used, total, big = false }: AmountProps) {
  const none = useFrameWhen((each) => String(each.number(CHANNEL, total) === 0)).number(CHANNEL, total) === 0;
  const have = (monitor: Monitor) => monitor.number(CHANNEL, used);
  const all = (monitor: Monitor) => monitor.number(CHANNEL, total);
  const text = (monitor: Monitor) => (none ? "none configured" : sizeOf(have(monitor), all(monitor)));
  const full = (monitor: Monitor) => share(have(monitor), all(monitor));
  const exact = (monitor: Monitor) => `${exactBytes(have(monitor), all(monitor))}: ${helpOf("memory", used)}`;
  return (
    <div class={`amount${big ? " big" : ""}`}>
      <div class="row">
        <span class="label">{label}</span>
        <span class="value">
          <Live read={text} hint={exact} testId={`${id}-value`} />
          {!none && <Live as="b" read={(monitor) => percent(full(monitor))} testId={`${id}-percent`} />}
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
