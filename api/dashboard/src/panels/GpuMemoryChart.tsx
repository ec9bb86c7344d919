import { gpuChannel, processesChannel } from "../catalogue";
import { Legend } from "../charts/Legend";
import type { Line, Scale } from "../charts/lines";
import type { Tint } from "../charts/palette";
import { column } from "../charts/points";
import { TimeChart } from "../charts/TimeChart";
import type { Monitor } from "../monitor";
import type { PlacedProcess } from "../store/processMemory";
import { DASH, size } from "../text/numbers";
import { useValue } from "../view/hooks";
import styles from "./GpuMemoryChart.module.css";
import { Hint } from "./Hint";

const GIB = 1024 ** 3;
const AXIS = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const TINTS: readonly Tint[] = ["blue", "pink", "grey"];
const MAX_NAME = 28;
const DASH_OF_OTHERS = [4, 3];
const EXPLANATION =
  "The GPU memory in use, stacked by process. The violet area is memory that no process in the legend holds: " +
  "the memory of the driver and of other processes. All memory that was in use before this page was opened is " +
  "violet, because the history does not store processes.";

/**
 * A chart of the memory of the selected GPU over time, with an area for each of up to six processes.
 *
 * The memory per process is known only since the page was opened.
 */
export function GpuMemoryChart() {
  const id = useValue((monitor) => monitor.selectedGpu);
  return id === null ? null : <Stack key={id} id={id} />;
}

function Stack({ id }: { readonly id: string }) {
  const channel = gpuChannel(id);
  const processes = useValue((monitor) => processesIn(monitor, id));
  const total = useValue((monitor) => monitor.number(channel, "memory_total"));
  const areas = processes.map(({ place, key, label }): Line => {
    const kind = place < TINTS.length ? {} : { dash: DASH_OF_OTHERS };
    const tint = TINTS[place % TINTS.length]!;
    return {
      ...lineOf(`${key} ${tint}`, label, tint, column(`${place}`, GIB)),
      channel: processesChannel(id),
      ...kind,
    };
  });
  const used = lineOf("used", "In use", "violet", column("memory_used", GIB));
  const lines: readonly Line[] = [...areas, { ...used, channel, dash: [8, 4], filled: true }];
  const scale: Scale = {
    key: "size",
    id: `size ${total}`,
    side: "left",
    range: (_, high) => [0, total === null ? Math.max(high ?? 1, 1) : total / GIB],
    format: (value) => `${AXIS.format(value)} GiB`,
  };
  return (
    <div class={styles.memory} data-testid="gpu-memory-over-time">
      <h3>
        <Hint text={EXPLANATION}>GPU {id} by process</Hint>
      </h3>
      <TimeChart
        channel={channel}
        lines={lines}
        scales={[scale]}
        label={`Memory of GPU ${id} over time, by process`}
        testId="gpu-memory-chart"
        isStacked
      />
      <Legend channel={channel} lines={lines.toReversed()} />
    </div>
  );
}

function lineOf(key: string, label: string, tint: Tint, read: Line["read"]): Line {
  const format = (value: number | null) => (value === null ? DASH : size(value * GIB));
  return { key, label, tint, scale: "size", read, format };
}

interface Placed {
  readonly place: number;
  readonly key: string;
  readonly label: string;
}

/** The processes that used the GPU at or after the start of the span, in the order in which they are stacked. */
function processesIn(monitor: Monitor, id: string): Placed[] {
  const places = monitor.charted?.processMemory.get(processesChannel(id))?.places ?? [];
  const shown = places.flatMap((process, place) =>
    process !== null && process.seen >= monitor.span.from ? [{ process, place }] : [],
  );
  return shown.map(({ process, place }) => ({ place, key: process.key, label: labelOf(process) }));
}

function labelOf({ command, pid }: PlacedProcess): string {
  const name = command.length > MAX_NAME ? `${command.slice(0, MAX_NAME - 1)}…` : command;
  return pid === null ? name : `${name} (${pid})`;
}
