const LABELS: Readonly<Record<string, string>> = {
  applications_clocks_setting: "clocks set by an administrator",
  clocks_setting: "clocks set by an administrator",
  display_clock_setting: "display clocks",
  gpu_idle: "idle",
  hw_power_brake_slowdown: "external power brake",
  hw_slowdown: "hardware slowdown",
  hw_thermal_slowdown: "too hot (hardware)",
  sw_power_cap: "power limit",
  sw_thermal_slowdown: "too hot",
  sync_boost: "synchronized with slower GPUs",
};

/** An idle GPU lowers its clocks: that is not throttling. */
const HARMLESS = new Set(["gpu_idle", "none"]);

/** Labels of the reasons why the clocks are held down; an unknown reason keeps its name. */
export function throttleLabels(reasons: readonly string[]): string[] {
  const labels = reasons.filter((reason) => !HARMLESS.has(reason)).map(labelOf);
  return [...new Set(labels)];
}

function labelOf(reason: string): string {
  return LABELS[reason] ?? reason.replaceAll("_", " ");
}

/** The share of each reason, the largest first: `power limit 38%, idle 2%`; empty if there are none. */
export function throttleShares(shares: Readonly<Record<string, unknown>>): string {
  return Object.entries(shares)
    .flatMap(([reason, value]) => (typeof value === "number" && value > 0 ? [[reason, value] as const] : []))
    .sort(([, a], [, b]) => b - a)
    .map(([reason, value]) => `${labelOf(reason)} ${value < 1 ? "<1" : Math.round(value)}%`)
    .join(", ");
}

/** Whether one of the reasons is heat or failing power, rather than a configured limit. */
export function isSerious(reasons: readonly string[]): boolean {
  return reasons.some((reason) => reason.startsWith("hw_") || reason.includes("thermal"));
}
