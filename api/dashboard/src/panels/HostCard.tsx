import { duration } from "../text/time";
import { useValue } from "../view/hooks";
import { Hint } from "./Hint";
import styles from "./HostCard.module.css";
import { Panel } from "./Panel";

/**
 * Facts about the host and its collector, and the state of each sensor.
 *
 * If a sensor reports a reason for its state, a hint shows the reason.
 */
export function HostCard() {
  const host = useValue(({ shown, now, badge }) => {
    const status = shown?.status;
    if (!(shown && status)) return null;
    const isUp = status.started !== null && badge.kind !== "offline";
    return {
      name: shown.name,
      intervalMs: shown.intervalMs,
      status,
      up: isUp ? duration(now - (status.started ?? now)) : null,
    };
  });
  if (host === null) return null;
  const { status } = host;
  const sensors = Object.entries(status.sensors);
  const driver = status.sensors.gpu?.details.driver_version;
  return (
    <Panel id="host-card" title="Host" class={styles.panel} side={<span class={styles.name}>{host.name}</span>}>
      <dl class={styles.facts}>
        {host.up !== null && (
          <div>
            <dt>Collector running for</dt>
            <dd>{host.up}</dd>
          </div>
        )}
        <div>
          <dt>Sampling interval</dt>
          <dd>{host.intervalMs / 1000} s</dd>
        </div>
        {driver && (
          <div>
            <dt>NVIDIA driver</dt>
            <dd>{driver}</dd>
          </div>
        )}
        {status.version && (
          <div>
            <dt>Collector version</dt>
            <dd>{status.version}</dd>
          </div>
        )}
      </dl>
      {sensors.length > 0 && (
        <ul class={styles.sensors}>
          {sensors.map(([name, report]) => (
            <li key={name} class={styles[report.state]}>
              <b>{name}</b>{" "}
              <Hint text={report.reason ?? ""}>
                {report.state === "ok" ? (report.description ?? "ok") : report.state}
              </Hint>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
