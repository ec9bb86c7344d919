import { helpOf } from "../catalogue";
import { Legend } from "../charts/Legend";
import type { Line, Scale } from "../charts/lines";
import type { Tint } from "../charts/palette";
import { column } from "../charts/points";
import { TimeChart } from "../charts/TimeChart";
import type { Monitor } from "../monitor";
import { DASH, exactBytes, percent, share, size, sizeOf } from "../text/numbers";
import { useValue } from "../view/hooks";
import { Text } from "../view/Text";
import { Flag } from "./Flag";
import { GpuMemoryChart } from "./GpuMemoryChart";
import { Hint } from "./Hint";
import styles from "./MemoryUsage.module.css";
import { Meter, MeterRow } from "./Meter";
import { Panel } from "./Panel";
import { Pressure } from "./Pressure";

const CHANNEL = "system/memory";
const NEARLY_FULL = 92;
const AXIS = new Intl.NumberFormat("en");

/** The unit of the axis and of the legend. If it is TiB, the legend shows values below 1 TiB in a smaller unit. */
interface Unit {
  readonly name: "GiB" | "TiB";
  readonly bytes: number;
  readonly digits: number;
}

const GIB: Unit = { name: "GiB", bytes: 1024 ** 3, digits: 1 };
const TIB: Unit = { name: "TiB", bytes: 1024 ** 4, digits: 2 };

function linesIn({ name, bytes, digits }: Unit) {
  const format = (value: number | null) => {
    if (value === null) return DASH;
    return value < 1 && name === "TiB" ? size(value * bytes) : `${value.toFixed(digits)} ${name}`;
  };
  const line = (key: string, label: string, tint: Tint, field: string, kind: Partial<Line>): Line => ({
    key: `${key} ${name}`,
    label,
    tint,
    scale: "size",
    read: column(field, bytes),
    format,
    ...kind,
  });
  return {
    ram: line("ram", "RAM", "violet", "ram_used", { filled: true }),
    swap: line("swap", "Swap", "pink", "swap_used", { dash: [8, 4] }),
    job: line("cgroup", "This job", "blue", "cgroup_used", {}),
    limit: line("limit", "Job limit", "grey", "cgroup_limit", { dash: [2, 3] }),
  };
}

/**
 * The memory panel: RAM and swap usage, memory pressure, and the selected GPU's memory.
 *
 * If the collector runs in a job with a memory limit, the panel also shows the memory usage of this job.
 */
export function MemoryUsage() {
  const { total, limited, swapped } = useValue((monitor) => ({
    total: monitor.number(CHANNEL, "ram_total"),
    limited: monitor.number(CHANNEL, "cgroup_limit") !== null,
    swapped: (monitor.number(CHANNEL, "swap_total") ?? 0) > 0,
  }));
  const { lines, scale } = chartFor(total, swapped, limited);
  return (
    <Panel id="memory-panel" title="Memory Usage" channel={CHANNEL} sensor="memory" side={<Pressure family="memory" />}>
      <div class={styles.amounts}>
        <Amount id="ram" label="RAM" tint="violet" used="ram_used" total="ram_total" big />
        {limited && <Amount id="cgroup" label="This job" tint="blue" used="cgroup_used" total="cgroup_limit" />}
        <Amount id="swap" label="Swap" tint="pink" used="swap_used" total="swap_total" />
      </div>
      <TimeChart channel={CHANNEL} lines={lines} scales={[scale]} label="Memory over time" testId="memory-chart" />
      <Legend channel={CHANNEL} lines={lines} />
      <GpuMemoryChart />
    </Panel>
  );
}

interface AmountProps {
  readonly id: string;
  readonly label: string;
  readonly tint: "violet" | "blue" | "pink";
  readonly used: string;
  readonly total: string;
  readonly big?: boolean;
}

function Amount({ id, label, tint, used, total, big = false }: AmountProps) {
  const none = useValue((monitor) => monitor.number(CHANNEL, total) === 0);
  const have = (monitor: Monitor) => monitor.number(CHANNEL, used);
  const all = (monitor: Monitor) => monitor.number(CHANNEL, total);
  const text = (monitor: Monitor) => (all(monitor) === 0 ? "not configured" : sizeOf(have(monitor), all(monitor)));
  const full = (monitor: Monitor) => share(have(monitor), all(monitor));
  const explain = (monitor: Monitor) => `${exactBytes(have(monitor), all(monitor))}: ${helpOf("memory", used)}`;
  const warnAt = big || id === "cgroup" ? NEARLY_FULL : 101;
  const warns = useValue((monitor) => (full(monitor) ?? 0) >= warnAt);
  return (
    <div class={big ? styles.big : styles.amount}>
      <MeterRow
        class={styles.row}
        label={
          <>
            <Hint text={explain}>{label}</Hint>
            {warns && <Flag icon="▲" label="nearly full" />}
          </>
        }
      >
        <span data-testid={`${id}-value`}>
          <Text read={text} />
        </span>
        {!none && (
          <b data-testid={`${id}-percent`}>
            <Text read={(monitor) => percent(full(monitor))} />
          </b>
        )}
      </MeterRow>
      {!none && <Meter label={label} value={full} text={text} tint={tint} warnAt={warnAt} />}
    </div>
  );
}

function chartFor(total: number | null, swapped: boolean, limited: boolean): { lines: Line[]; scale: Scale } {
  const unit = (total ?? 0) >= TIB.bytes ? TIB : GIB;
  const { ram, swap, job, limit } = linesIn(unit);
  const scale: Scale = {
    key: "size",
    id: `size ${total}`,
    side: "left",
    range: (_, high) => [0, total === null ? Math.max(high ?? 1, 1) : total / unit.bytes],
    format: (value) => `${AXIS.format(value)} ${unit.name}`,
  };
  return { lines: [ram, ...(swapped ? [swap] : []), ...(limited ? [job, limit] : [])], scale };
}
