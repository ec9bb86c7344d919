import { Text } from "../view/Text";
import type { Line } from "./lines";
import { readingOf, timeOfReading } from "./reading";
import { useChartSource } from "./source";

interface Props {
  readonly channel: string;
  readonly lines: readonly Line[];
  /** If lines can be switched on and off. */
  readonly toggles?: { readonly on: ReadonlySet<string>; readonly toggle: (key: string) => void };
}

/** The names of the lines, with their values at the cursor, or now. */
export function Legend({ channel, lines, toggles }: Props) {
  const source = useChartSource();
  return (
    <div class="legend">
      {lines.map((line) => {
        const shown = toggles?.on.has(line.key) ?? true;
        const content = (
          <>
            <i class={`swatch ${line.tint}${line.dash ? " dashed" : ""}`} />
            <span>{line.label}</span>
            <b class={`in-${line.scale}`}>
              <span>
                <Text read={() => readingOf(source, channel, line)} />
              </span>
            </b>
          </>
        );
        return toggles ? (
          <button
            key={line.key}
            type="button"
            class="key"
            aria-pressed={shown}
            data-testid={`series-${line.key}`}
            onClick={() => toggles.toggle(line.key)}
          >
            {content}
          </button>
        ) : (
          <span key={line.key} class="key">
            {content}
          </span>
        );
      })}
      <span class="when" data-testid="legend-time">
        <Text read={() => timeOfReading(source, channel)} />
      </span>
    </div>
  );
}
