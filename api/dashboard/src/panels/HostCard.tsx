import { duration } from "../text/time";
import { useFrameWhen } from "../view/hooks";

/** The host and its collector: the state of each sensor, with the reason on hover. */
export function HostCard() {
  // Each status is a new object, so its text is compared; the minute updates the uptime.
  const monitor = useFrameWhen(({ shown, now, badge }) =>
    `${shown?.name} ${badge.kind} ${JSON.stringify(shown?.status)} ${Math.floor(now / 60_000)}`,
  );
  const host = monitor.shown;
  const status = host?.status;
  if (!host || !status) return null;
  const sensors = Object.entries(status.sensors);
  const driver = status.sensors["gpu"]?.details["driver_version"];
  return (
    <section class="panel host-card" aria-labelledby="host-title" data-testid="host-card">
      <header class="panel-head"><h2 id="host-title">Host</h2><span class="subject">{host.name}</span></header>
      <dl class="host-facts">
        {status.started !== null && monitor.badge.kind !== "offline" && (
          <div><dt>Collector up</dt><dd>{duration(monitor.now - status.started)}</dd></div>
        )}
        <div><dt>Interval</dt><dd>{host.intervalMs / 1000} s</dd></div>
        {driver && <div><dt>NVIDIA driver</dt><dd>{driver}</dd></div>}
        {status.version && <div><dt>Collector version</dt><dd>{status.version}</dd></div>}
      </dl>
      {sensors.length > 0 && (
        <ul class="sensors">
          {sensors.map(([name, report]) => (
            <li key={name} class={`is-${report.state}`} title={report.reason ?? undefined}>
              <b>{name}</b> <span>{report.state === "ok" ? report.description ?? "ok" : report.state}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
