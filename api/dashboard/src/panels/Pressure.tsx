import { helpOf } from "../catalogue";
import type { Monitor } from "../monitor";
import { DASH } from "../text/numbers";
import { cpuPressure, memoryPressure } from "../text/pressure";
import { useValue } from "../view/hooks";
import { Text } from "../view/Text";
import { Pill } from "./Pill";
import styles from "./Pressure.module.css";

interface Props {
  readonly family: "cpu" | "memory";
}

/**
 * Shows in one word, such as `raised`, how long tasks wait for the CPU or for memory.
 *
 * Any word other than `none` is followed by the percentage of the last 10 s during which at least one task waited.
 */
export function Pressure({ family }: Props) {
  const level = useValue((monitor) => judge(monitor, family));
  if (level === null) return null;
  const { kind, word } = level;
  return (
    <Pill kind={kind} text={(monitor) => explain(monitor, family)} testId={`${family}-pressure`}>
      Pressure<span class={kind === "calm" ? "" : styles.word}>: {word}</span>
      {kind !== "calm" && <Text read={(monitor) => ` ${share(reading(monitor, family, "pressure_some"))}`} />}
    </Pill>
  );
}

function judge(monitor: Monitor, family: "cpu" | "memory") {
  const some = reading(monitor, family, "pressure_some");
  if (family === "cpu") return cpuPressure(some, reading(monitor, family, "utilization"));
  return memoryPressure(some, reading(monitor, family, "pressure_full"));
}

function explain(monitor: Monitor, family: "cpu" | "memory"): string {
  const lines = (["pressure_some", "pressure_full"] as const).flatMap((name) => {
    const value = reading(monitor, family, name);
    return value === null ? [] : `${share(value)}: ${helpOf(family, name)}`;
  });
  return lines.join("; ");
}

function reading(monitor: Monitor, family: string, name: string): number | null {
  return monitor.number(`system/${family}`, name);
}

function share(value: number | null): string {
  return value === null ? DASH : `${value.toFixed(1)}%`;
}
