import { Text } from "../view/Text";
import styles from "./Legend.module.css";
import type { Line } from "./lines";
import { readingOf, timeOfReading } from "./reading";
import { Swatch } from "./Swatch";
import { useChartSource } from "./source";

interface Props {
  readonly channel: string;
  readonly lines: readonly Line[];
  /** Present only if the user can switch lines on and off. */
  readonly toggles?: { readonly on: ReadonlySet<string>; readonly toggle: (key: string) => void };
}

/** The names of the lines, with their values at the cursor; see `readingOf` for the values without a cursor. */
export function Legend({ channel, lines, toggles }: Props) {
  const source = useChartSource();
  return (
    <div class={styles.legend}>
      {lines.map((line) =>
        toggles ? (
          <button
            key={line.key}
            type="button"
            class={styles.key}
            aria-pressed={toggles.on.has(line.key)}
            data-testid={`series-${line.key}`}
            onClick={() => toggles.toggle(line.key)}
          >
            <Key channel={channel} line={line} />
          </button>
        ) : (
          <span key={line.key} class={styles.key}>
            <Key channel={channel} line={line} />
          </span>
        ),
      )}
      <span class={styles.time} data-testid="legend-time">
        <Text read={() => timeOfReading(source, channel)} />
      </span>
    </div>
  );
}

interface KeyProps {
  readonly channel: string;
  readonly line: Line;
}

/** A legend entry: the line's swatch, name and value. */
export function Key({ channel, line }: KeyProps) {
  const source = useChartSource();
  return (
    <>
      <Swatch tint={line.tint} dashed={line.dash !== undefined} />
      <span>{line.label}</span>
      <b class={styles[line.scale]}>
        <span>
          <Text read={() => readingOf(source, line.channel ?? channel, line)} />
        </span>
      </b>
    </>
  );
}
