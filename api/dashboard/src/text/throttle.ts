const WORDS: Readonly<Record<string, string>> = {
  applications_clocks_setting: "clocks set by an administrator",
  clocks_setting: "clocks set by an administrator",
  display_clock_setting: "display clocks",
  gpu_idle: "idle",
  hw_power_brake_slowdown: "external power brake",
  hw_slowdown: "hardware slowdown",
  hw_thermal_slowdown: "too hot (hardware)",
  sw_power_cap: "power limit",
  sw_thermal_slowdown: "too hot",
  sync_boost: "in step with slower GPUs",
};

/** A GPU that has nothing to do lowers its clocks: that is no throttling. */
const HARMLESS = new Set(["gpu_idle", "none"]);

/** Why the clocks are held down, in words; a reason that is not known yet keeps its own. */
export function throttleWords(reasons: readonly string[]): string[] {
  const words = reasons
    .filter((reason) => !HARMLESS.has(reason))
    .map(wordsOf);
  return [...new Set(words)];
}

function wordsOf(reason: string): string {
  return WORDS[reason] ?? reason.replaceAll("_", " ");
}

/** `power limit 38%, idle 2%`: the shares of each reason, the largest first; empty without any. */
export function shareWords(shares: Readonly<Record<string, unknown>>): string {
  return Object.entries(shares)
    .flatMap(([reason, value]) => (typeof value === "number" && value > 0 ? [[reason, value] as const] : []))
    .sort(([, a], [, b]) => b - a)
    .map(([reason, value]) => `${wordsOf(reason)} ${value < 1 ? "<1" : Math.round(value)}%`)
    .join(", ");
}

/** Whether one of the reasons is heat or failing power, rather than a limit that was chosen. */
export function isSerious(reasons: readonly string[]): boolean {
  return reasons.some((reason) => reason.startsWith("hw_") || reason.includes("thermal"));
}
