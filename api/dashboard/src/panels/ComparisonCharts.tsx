import { Legend } from "../charts/Legend";
import { fromZero, type Line, PERCENT, type Scale } from "../charts/lines";
import { column } from "../charts/points";
import { TimeChart } from "../charts/TimeChart";
import { type Comparison, comparedChannel, RUN_LETTERS } from "../feed/comparison";
import { RUN_GPUS } from "../feed/runHistory";
import { DASH, degrees, percent, rate, size, whole } from "../text/numbers";
import styles from "./Comparison.module.css";
import panels from "./Panel.module.css";

export const RUN_TINTS = ["blue", "pink"] as const;
export const RUN_DASHES = [undefined, [8, 4]] as const;

interface Compared {
  readonly title: string;
  readonly channel: string;
  readonly field: string;
  readonly scale: Scale;
  /** The charts divide the field's values by this number, for example to convert bytes to GiB. */
  readonly unit?: number;
  readonly format: (value: number | null) => string;
}

const GIB = 1024 ** 3;
const AXIS = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const left = (key: string, least: number, format: (value: number) => string): Scale => ({
  key,
  side: "left",
  range: fromZero(least),
  format,
});
const SIZE = left("size", 1, (value) => `${AXIS.format(value)} GiB`);
const WATT = left("watt", 100, (value) => whole(value, "W"));
const CELSIUS = left("celsius", 60, (value) => `${value}°`);
const RATE: Scale = { ...left("rate", 1, (value) => AXIS.format(value)), unit: "MB/s" };
const sizeText = (value: number | null) => (value === null ? DASH : size(value * GIB));
const celsiusText = (value: number | null) => (value === null ? DASH : `${degrees(value)}C`);

const GPU = { channel: RUN_GPUS };
const IN_PERCENT = { scale: PERCENT, format: percent };
const IN_GIB = { scale: SIZE, unit: GIB, format: sizeText };
const IN_RATE = { scale: RATE, format: rate };

const CHARTS: readonly Compared[] = [
  { title: "GPU utilization, mean of the run's GPUs", ...GPU, field: "utilization", ...IN_PERCENT },
  { title: "GPU memory, sum of the run's GPUs", ...GPU, field: "memory_used", ...IN_GIB },
  {
    ...{ title: "GPU temperature, hottest of the run's GPUs", ...GPU, field: "temperature" },
    ...{ scale: CELSIUS, format: celsiusText },
  },
  {
    ...{ title: "GPU power, sum of the run's GPUs", ...GPU, field: "power", scale: WATT },
    format: (value) => whole(value, "W"),
  },
  { title: "CPU utilization of the machine", channel: "system/cpu", field: "utilization", ...IN_PERCENT },
  { title: "RAM of the machine", channel: "system/memory", field: "ram_used", ...IN_GIB },
  { title: "Disk, read", channel: "system/disk", field: "read_rate", ...IN_RATE },
  { title: "Disk, written", channel: "system/disk", field: "write_rate", ...IN_RATE },
  { title: "Network, received", channel: "system/network", field: "download_rate", ...IN_RATE },
  { title: "Network, sent", channel: "system/network", field: "upload_rate", ...IN_RATE },
];

/** One chart for each metric, with both runs aligned at their starts. Charts without data are left out. */
export function ComparisonCharts({ comparison }: { readonly comparison: Comparison }) {
  const { charted } = comparison;
  const shown = CHARTS.filter(({ channel }) =>
    RUN_LETTERS.some((_, index) => (charted.seriesAt(comparedChannel(index, channel))?.length ?? 0) > 0),
  );
  return (
    <div class={styles.charts}>
      {shown.map((each) => (
        <ComparedChart key={each.title} {...each} />
      ))}
    </div>
  );
}

function ComparedChart({ title, channel, field, scale, unit = 1, format }: Compared) {
  const lines = RUN_LETTERS.map(
    (letter, index): Line => ({
      ...{ key: `${letter} ${field}`, label: letter, tint: RUN_TINTS[index]!, scale: scale.key },
      ...{ channel: comparedChannel(index, channel), read: column(field, unit), format },
      ...(RUN_DASHES[index] ? { dash: RUN_DASHES[index] } : {}),
    }),
  );
  return (
    <section class={`${panels.panel} ${styles.chart}`}>
      <header class={panels.head}>
        <h2>{title}</h2>
      </header>
      <TimeChart
        channel={comparedChannel(0, channel)}
        lines={lines}
        scales={[scale]}
        label={`${title}: runs A and B by the time since their start`}
        testId={`compared-${channel.replace("system/", "")}-${field}`}
      />
      <Legend channel={comparedChannel(0, channel)} lines={lines} />
    </section>
  );
}
