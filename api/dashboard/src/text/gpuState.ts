import { type Finding, isObject, numberOf, textsOf } from "../bus/payload";
import { gpuChannel } from "../catalogue";
import type { Monitor } from "../monitor";
import { gpuOfSubject, kindOf, worstFirst } from "../store/findings";
import { DASH } from "./numbers";
import { silenceOfGpu } from "./silence";
import { isSerious, throttleLabels } from "./throttleReasons";

/** The worst known condition of a GPU. `detail` explains the condition; it is null if `label` needs no explanation. */
export interface GpuState {
  readonly kind: "calm" | "note" | "info" | "warning" | "critical" | "unknown";
  readonly sign: string;
  readonly label: string;
  readonly detail: string | null;
}

export const SIGNS = { critical: "✕", warning: "▲", info: "i" } as const;

/** The state of a GPU, derived from what the collector, the driver and the advisor report about it. */
export function stateOfGpu(id: string, monitor: Monitor): GpuState {
  const channel = gpuChannel(id);
  const { shown, findings } = monitor;
  const finding = worstFirst(findings).find(({ subject }) => gpuOfSubject(subject) === id);
  if (monitor.isStale(channel)) return { kind: "unknown", sign: "○", label: "no data", detail: null };
  const silence = silenceOfGpu(id, shown);
  if (silence) return { kind: "critical", sign: "!", label: "not reporting", detail: silence };
  if (finding && finding.severity !== "info") return stateOfFinding(finding);
  const heat = throttlingOf(monitor.values(channel));
  if (heat && heat.kind !== "note") return heat;
  if (finding) return stateOfFinding(finding);
  if (heat) return heat;
  if (!findings.isComplete) return { kind: "unknown", sign: "", label: DASH, detail: null };
  return { kind: "calm", sign: "✓", label: "no findings", detail: null };
}

function stateOfFinding(finding: Finding): GpuState {
  const { severity, summary } = finding;
  return { kind: severity, sign: SIGNS[severity], label: kindOf(finding), detail: summary };
}

/**
 * The state of a throttled GPU; null if there is no throttling to show.
 *
 * Throttling because of heat, the hardware or the power supply is a warning, which stays for up to 5 minutes after
 * the throttling ends. Throttling for other reasons is only a note, because it is often normal: for example, a
 * busy GPU usually reaches its power limit. The note is shown only while the throttling lasts.
 */
function throttlingOf(values: Readonly<Record<string, unknown>>): GpuState | null {
  const now = textsOf(values.throttle_reasons);
  const shares = isObject(values.throttle_shares) ? values.throttle_shares : {};
  const recent = Object.keys(shares).filter((reason) => (numberOf(shares[reason]) ?? 0) >= 1);
  const serious = [...now, ...recent].filter((reason) => isSerious([reason]));
  if (serious.length > 0) {
    const label = throttleLabels(serious).join(", ");
    return { kind: "warning", sign: "▲", label, detail: `Throttled: ${label}` };
  }
  const labels = throttleLabels(now);
  if (labels.length === 0) return null;
  return { kind: "note", sign: "▾", label: labels.join(", "), detail: null };
}
