import type { HostData } from "../store/host";

/** Why the page shows no GPU for this host, as a sentence. */
export function noGpuReason(host: HostData | null): string {
  if (host === null) return "Waiting for the first samples.";
  const report = host.status?.sensors.gpu;
  if (report?.reason) return report.reason;
  if (isGpuDisabled(host)) return "GPU monitoring is disabled (setting disabled_sensors).";
  if (report?.state === "starting" || host.status === null) return "The collector has not reported its GPUs yet.";
  return "No GPU samples have arrived yet.";
}

/**
 * Whether the collector runs without its GPU sensor.
 *
 * False if the status is the collector's last will (an MQTT feature), which lists no sensors.
 */
export function isGpuDisabled(host: HostData | null): boolean {
  const sensors = host?.status?.sensors ?? {};
  return Object.keys(sensors).length > 0 && sensors.gpu === undefined;
}
