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

export interface State {
  readonly kind: "calm" | "info" | "note" | "alarm";
  readonly text: string;
}

/** Reasons that do not count as throttling: an idle GPU lowers its clocks because it has nothing to do. */
const HARMLESS = new Set(["gpu_idle", "none"]);

/** The labels of the reasons for throttling. A reason without a label keeps its name, with spaces for underscores. */
export function throttleLabels(reasons: readonly string[]): string[] {
  const labels = reasons.filter((reason) => !HARMLESS.has(reason)).map(labelOf);
  return [...new Set(labels)];
}

function labelOf(reason: string): string {
  return LABELS[reason] ?? reason.replaceAll("_", " ");
}

/**
 * The share of the last 5 minutes in which each reason applied, largest first: `power limit 38%, idle 2%`. Empty if all
 * shares are 0.
 */
export function throttleShares(shares: Readonly<Record<string, unknown>>): string {
  return Object.entries(shares)
    .flatMap(([reason, value]) => (typeof value === "number" && value > 0 ? [[reason, value] as const] : []))
    .sort(([, a], [, b]) => b - a)
    .map(([reason, value]) => `${labelOf(reason)} ${value < 1 ? "<1" : Math.round(value)}%`)
    .join(", ");
}

/**
 * Whether the GPU is throttled. `alarm`: heat, the hardware or the power supply is slowing the GPU down. `note`: one of
 * these slowed the GPU down for at least 1% of the last 5 minutes, but not in the newest sample. `info`: the GPU is
 * throttled only for other reasons, such as a power limit. `calm`: the GPU is not throttled.
 */
export function throttleState(reasons: readonly string[], shares: Readonly<Record<string, unknown>>): State {
  const serious = reasons.filter((reason) => isSerious([reason]));
  const recent = Object.entries(shares)
    .filter(([reason, share]) => isSerious([reason]) && typeof share === "number" && share >= 1)
    .sort(([, a], [, b]) => Number(b) - Number(a))
    .map(([reason]) => reason);
  const named = (each: readonly string[]) => throttleLabels(each).join(", ");
  if (serious.length > 0) return { kind: "alarm", text: `Throttled: ${named(serious)}` };
  if (recent.length > 0) return { kind: "note", text: `Throttled recently: ${named(recent)}` };
  const limits = named(reasons);
  return limits === "" ? { kind: "calm", text: "Not throttled" } : { kind: "info", text: `Capped: ${limits}` };
}

/** Whether the reasons include heat, the hardware or the power supply. A configured limit is not serious. */
export function isSerious(reasons: readonly string[]): boolean {
  return reasons.some((reason) => reason.startsWith("hw_") || reason.includes("thermal"));
}
