import { useEffect, useRef } from "preact/hooks";
import { useMonitor } from "../view/hooks";
import { Chart, type Drawn } from "./chart";
import { useChartSource } from "./source";
import styles from "./TimeChart.module.css";

interface Props extends Drawn {
  readonly class?: string | undefined;
}

/** A chart of the displayed span. This component creates the chart, which then draws itself. */
export function TimeChart({ channel, lines, scales, label, testId, isStacked = false, class: style = "" }: Props) {
  const { theme } = useMonitor();
  const source = useChartSource();
  const container = useRef<HTMLDivElement>(null);
  const colours = theme.colours.value;
  const shape = [...lines.map((line) => line.key), ...scales.map((scale) => scale.id ?? scale.key)].join();
  useEffect(() => {
    const element = container.current;
    if (element === null) return undefined;
    const chart = new Chart(source, element, { channel, lines, scales, label, testId, isStacked });
    return () => chart.destroy();
  }, [source, colours, channel, shape, label, testId, isStacked]);
  // The arrow keys move the cursor in time. Its role is slider, so screen readers read the values at each step.
  return (
    <div
      ref={container}
      class={`${styles.chart} ${style}`}
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={100}
      data-testid={testId}
    />
  );
}
