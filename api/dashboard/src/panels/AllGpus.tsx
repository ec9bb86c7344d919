import { gpuChannel } from "../catalogue";
import { Key } from "../charts/Legend";
import legend from "../charts/Legend.module.css";
import type { Line } from "../charts/lines";
import { TimeChart } from "../charts/TimeChart";
import controls from "../styles/controls.module.css";
import { useMonitor } from "../view/hooks";
import { GPU_SERIES, type GpuSeries } from "../view/view";
import styles from "./AllGpus.module.css";
import { GPU_LINES, GPU_SCALES } from "./UtilizationChart";

interface Props {
  readonly ids: readonly string[];
  readonly selected: string | null;
  readonly shown: GpuSeries;
  readonly onShow: (series: GpuSeries) => void;
}

/** A chart of one quantity with a line for each GPU, so that a GPU that lags behind the others stands out. */
export function AllGpus({ ids, selected, shown, onShow }: Props) {
  const monitor = useMonitor();
  const lines = ids.map((id) => lineOf(id, shown, id === selected));
  // The line of the selected GPU is drawn last, above the other lines.
  const drawn = [...lines].sort((a, b) => Number(a.tint === "pink") - Number(b.tint === "pink"));
  const scales = GPU_SCALES.filter(({ key }) => key === lines[0]?.scale).map(({ tint: _, ...scale }) => ({
    ...scale,
    side: "left" as const,
  }));
  const channel = gpuChannel(ids[0] ?? "0");
  const label = labelOf(shown);
  return (
    <div class={styles.all} data-testid="all-gpus-chart">
      <div class={controls.segments} role="group" aria-label="What the chart of all GPUs shows">
        {GPU_SERIES.map((each) => (
          <button key={each} type="button" aria-pressed={each === shown} onClick={() => onShow(each)}>
            {labelOf(each)}
          </button>
        ))}
      </div>
      <div class={styles.plot}>
        <TimeChart
          channel={channel}
          lines={drawn}
          scales={scales}
          label={`${label} of all GPUs over time`}
          testId="all-gpus"
        />
      </div>
      <div class={styles.legend} role="group" aria-label="Select a GPU in the chart">
        {lines.map((line, index) => (
          <button
            key={line.key}
            type="button"
            class={legend.key}
            aria-current={ids[index] === selected ? "true" : undefined}
            onClick={() => monitor.change({ gpu: ids[index] ?? null })}
          >
            <Key channel={channel} line={line} />
          </button>
        ))}
      </div>
    </div>
  );
}

function lineOf(id: string, shown: GpuSeries, isSelected: boolean): Line {
  const { scale, read, format } = GPU_LINES.find(({ key }) => key === shown) ?? GPU_LINES[0]!;
  const tint = isSelected ? "pink" : "blue";
  return { key: `${shown} ${id} ${tint}`, label: `GPU ${id}`, channel: gpuChannel(id), tint, scale, read, format };
}

function labelOf(series: GpuSeries): string {
  return GPU_LINES.find(({ key }) => key === series)?.label ?? series;
}
