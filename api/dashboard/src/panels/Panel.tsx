import type { ComponentChildren } from "preact";
import { timeBesideCharts } from "../charts/reading";
import type { Monitor } from "../monitor";
import { momentTime } from "../text/time";
import { useValue } from "../view/hooks";
import { Text } from "../view/Text";
import styles from "./Panel.module.css";

interface Props {
  readonly id: string;
  readonly title: string;
  /** The channel that provides the values. While it is stale, the panel is dimmed and shows the time of its values. */
  readonly channel?: string | undefined;
  /** The name of the sensor that provides the channel. If this sensor is not working, the panel shows why. */
  readonly sensor?: string;
  readonly side?: ComponentChildren;
  /** The CSS class that positions the panel on the page. */
  readonly class?: string | undefined;
  /**
   * Whether the panel might grow soon, because its data has not arrived yet. If so, the panels below it are hidden for
   * up to 1.5 s, so that they do not move while someone is reading them.
   */
  readonly waits?: boolean;
  readonly children?: ComponentChildren;
}

/**
 * A titled region of the page. It is dimmed while its channel is stale. If other channels still report, a line below
 * the title also shows when the stale channel's last data arrived.
 */
export function Panel({ id, title, channel, sensor, side, class: style = "", waits = false, children }: Props) {
  const { stale, text } = useValue((monitor) => silenceOf(monitor, channel, sensor));
  return (
    <section
      id={id}
      class={`${styles.panel} ${style} ${stale ? styles.stale : ""}`}
      aria-labelledby={`${id}-title`}
      data-testid={id}
      data-stale={stale || undefined}
      data-waits={waits || undefined}
    >
      <header class={styles.head}>
        <h2 id={`${id}-title`}>{title}</h2>
        {channel !== undefined && (
          <small class={styles.time} data-testid={`${id}-time`}>
            <Text key={channel} read={(monitor) => timeBesideCharts(monitor, channel)} />
          </small>
        )}
        {side}
      </header>
      {text && (
        <p class={styles.silence} data-testid={`${id}-silence`}>
          {text}
        </p>
      )}
      {children}
    </section>
  );
}

function silenceOf(monitor: Monitor, channel: string | undefined, sensor: string | undefined) {
  const host = monitor.shown;
  if (!host || channel === undefined) return { stale: false, text: null };
  const stale = monitor.isStale(channel);
  const report = sensor ? host.status?.sensors[sensor] : undefined;
  const reason = report && report.state !== "ok" && report.state !== "starting" ? report.reason : null;
  // If no samples arrive at all, the badge shows this for the whole page, so the panel does not repeat it.
  const isOnlyThis = monitor.badge.kind === "live" || monitor.badge.kind === "polling";
  const arrived = host.newest.get(channel)?.arrived;
  if (!(stale || reason)) return { stale, text: null };
  const since =
    stale && isOnlyThis && arrived !== undefined
      ? `No data since ${momentTime(Date.now() - (performance.now() - arrived), Date.now())}.`
      : "";
  return { stale, text: [since, reason].filter(Boolean).join(" ") };
}
