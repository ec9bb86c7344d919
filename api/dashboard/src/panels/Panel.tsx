import type { ComponentChildren } from "preact";
import { clockTime } from "../text/time";
import type { Monitor } from "../monitor";
import { useFrameWhen } from "../view/hooks";

interface Props {
  readonly id: string;
  readonly title: string;
  /** The channel whose silence the panel tells; its sensor's name is in `sensor`. */
  readonly channel?: string | undefined;
  readonly sensor?: string;
  readonly side?: ComponentChildren;
  /** Whether it is not known yet how much there will be in it. */
  readonly waits?: boolean;
  readonly children: ComponentChildren;
}

/** A titled region of the page. It dims, and says since when, while its sensor is silent. */
export function Panel({ id, title, channel, sensor, side, waits = false, children }: Props) {
  const monitor = useFrameWhen((each) => Object.values(silenceOf(each, channel, sensor)).join());
  const { stale, words } = silenceOf(monitor, channel, sensor);
  return (
    <section class={`panel ${id}${stale ? " is-stale" : ""}${waits ? " is-waiting" : ""}`} aria-labelledby={`${id}-title`} data-testid={id}>
      <header class="panel-head">
        <h2 id={`${id}-title`}>{title}</h2>
        {side}
      </header>
      {words && <p class="silence" data-testid={`${id}-silence`}>{words}</p>}
      {children}
    </section>
  );
}

function silenceOf(monitor: Monitor, channel: string | undefined, sensor: string | undefined) {
  const host = monitor.shown;
  if (!host || channel === undefined) return { stale: false, words: null };
  const stale = monitor.isStale(channel);
  const report = sensor ? host.status?.sensors[sensor] : undefined;
  const reason = report && report.state !== "ok" && report.state !== "starting" ? report.reason : null;
  // Where nothing comes at all the badge says so, once for the whole page.
  const alone = monitor.badge.kind === "live" || monitor.badge.kind === "polling";
  const arrived = host.newest.get(channel)?.arrived;
  if (!stale && !reason) return { stale, words: null };
  const since = stale && alone && arrived != null ? `No reading since ${clockTime(Date.now() - (performance.now() - arrived))}.` : "";
  return { stale, words: [since, reason].filter(Boolean).join(" ") };
}
