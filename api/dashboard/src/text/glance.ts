import type { GlancedFinding, GlancedGpu, GlancedHost } from "../bus/overview";
import { SEVERITIES } from "../bus/payload";
import { gpuOfSubject } from "../store/findings";
import { SIGNS } from "./gpuState";
import { isSerious, throttleLabels } from "./throttleReasons";

export type CellKind = "free" | "busy" | "idle" | "info" | "warning" | "critical" | "unknown";

/**
 * The cell of a GPU on the page that shows all hosts.
 *
 * The cell shows the most severe problem of the GPU. If there is no problem, it shows whether the GPU is free or in
 * use. Without current data, it shows a question mark. It never shows the GPU's load.
 */
export interface Cell {
  readonly id: string;
  readonly kind: CellKind;
  readonly sign: string;
  readonly text: string;
}

const IDLE = "idle_gpu";
// The advisor's default limits: below them, no run holds the GPU's memory, and the GPU computes nothing.
const HELD_BYTES = 1e9;
const BUSY_PERCENT = 5;

export function cellOf(gpu: GlancedGpu, host: Pick<GlancedHost, "isOffline" | "findings">): Cell {
  const { id } = gpu;
  if (gpu.isStale || host.isOffline) return { id, kind: "unknown", sign: "?", text: "no data" };
  const findings = host.findings.filter(({ subject }) => gpuOfSubject(subject) === id);
  const trouble = worstOf(findings.filter(({ kind }) => kind !== IDLE));
  if (trouble && trouble.severity !== "info") return cellOfFinding(id, trouble);
  if (isSerious(gpu.throttleReasons)) {
    const text = throttleLabels(gpu.throttleReasons).join(", ");
    return { id, kind: "warning", sign: SIGNS.warning, text };
  }
  const idle = findings.find(({ kind }) => kind === IDLE);
  if (idle) return { id, kind: "idle", sign: "z", text: idle.summary };
  if (isFree(gpu)) return { id, kind: "free", sign: "", text: "free" };
  if (trouble) return cellOfFinding(id, trouble);
  if (gpu.utilization === null && gpu.memoryUsed === null) {
    return { id, kind: "unknown", sign: "?", text: "not reporting" };
  }
  return { id, kind: "busy", sign: "", text: "in use" };
}

/** The newest of the most severe findings; null if there are no findings. */
export function worstOf(findings: readonly GlancedFinding[]): GlancedFinding | null {
  const rank = ({ severity }: GlancedFinding) => SEVERITIES.indexOf(severity);
  return findings.toSorted((a, b) => rank(b) - rank(a) || b.since - a.since)[0] ?? null;
}

function cellOfFinding(id: string, { severity, summary }: GlancedFinding): Cell {
  return { id, kind: severity, sign: SIGNS[severity], text: summary };
}

/** Whether a GPU is free: no process is known to use it, little of its memory is used, and its utilization is low. */
function isFree({ utilization, memoryUsed, processes }: GlancedGpu): boolean {
  if (utilization === null || memoryUsed === null) return false;
  return (processes ?? 0) === 0 && memoryUsed < HELD_BYTES && utilization < BUSY_PERCENT;
}
