import { gpuChannel } from "../catalogue";
import { fromZero, type Line, PERCENT, type Scale } from "../charts/lines";
import { column, shareOf } from "../charts/points";
import { TimeChart } from "../charts/TimeChart";
import { DASH, degrees, percent, whole } from "../text/numbers";
import { useMonitor } from "../view/hooks";
import styles from "./UtilizationChart.module.css";

export const GPU_LINES: readonly Line[] = [
  {
    key: "utilization",
    label: "Utilization",
    tint: "blue",
    scale: "percent",
    read: column("utilization"),
    filled: true,
    format: percent,
  },
  {
    key: "temperature",
    label: "Temperature",
    tint: "pink",
    scale: "celsius",
    read: column("temperature"),
    format: (value) => (value === null ? DASH : `${degrees(value)}C`),
  },
  {
    key: "memory",
    label: "Memory",
    tint: "violet",
    scale: "percent",
    read: shareOf("memory_used", "memory_total"),
    dash: [8, 4],
    format: percent,
  },
  {
    key: "power",
    label: "Power",
    tint: "grey",
    scale: "watt",
    read: column("power"),
    dash: [2, 3],
    format: (value) => whole(value, "W"),
  },
];

// The axis always covers at least 20 to 100 °C, from room temperature to throttling, so that a hot GPU looks hot.
const CELSIUS: Scale = {
  key: "celsius",
  side: "right",
  tint: "pink",
  range: (low, high) => [Math.min(20, low ?? 20), Math.max(100, high ?? 100)],
  format: (value) => `${value}°`,
};
const WATT: Scale = { key: "watt", side: "right", range: fromZero(100), format: (value) => whole(value, "W") };

export const GPU_SCALES = [PERCENT, CELSIUS, WATT];

/**
 * A chart of a GPU's utilization (%) and temperature (°C), on two axes.
 *
 * The user can add lines for the memory and the power of the GPU, and can remove any line.
 */
export function UtilizationChart({ id }: { id: string }) {
  const { view } = useMonitor();
  const lines = GPU_LINES.filter((line) => view.series.some((name) => name === line.key));
  const scales = GPU_SCALES.filter((scale) => scale === PERCENT || lines.some((line) => line.scale === scale.key));
  return (
    <TimeChart
      channel={gpuChannel(id)}
      lines={lines}
      scales={scales}
      label={`${lines.map((line) => line.label).join(", ") || "Empty chart"} of GPU ${id} over time`}
      testId="utilization-chart"
      class={styles.chart}
    />
  );
}
