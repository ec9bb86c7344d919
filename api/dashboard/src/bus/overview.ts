import type { FindingSummary, GpuSummary, HostOverview, OverviewResponse } from "./contract";
import { isObject, numberOf, received, SEVERITIES, type Severity, textOf, textsOf } from "./payload";

/** A GPU in an overview. `processes` is the number of processes on the GPU; null if unknown. */
export interface GlancedGpu {
  readonly id: string;
  readonly utilization: number | null;
  readonly memoryUsed: number | null;
  readonly throttleReasons: readonly string[];
  readonly processes: number | null;
  readonly isStale: boolean;
}

/** An active finding, as an overview shows it. */
export interface GlancedFinding {
  readonly kind: string;
  readonly subject: string;
  readonly severity: Severity;
  readonly since: number;
  readonly summary: string;
}

/** A host, as an overview shows it. */
export interface GlancedHost {
  readonly name: string;
  readonly isOffline: boolean;
  readonly isStale: boolean;
  readonly cpu: number | null;
  readonly memory: number | null;
  readonly gpus: readonly GlancedGpu[];
  readonly findings: readonly GlancedFinding[];
}

/** The hosts in an overview; null if the response is not an overview. */
export function overviewOf(body: unknown): GlancedHost[] | null {
  const response = received<OverviewResponse>(body);
  return Array.isArray(response?.hosts) ? response.hosts.flatMap((entry) => hostOf(entry) ?? []) : null;
}

function hostOf(value: unknown): GlancedHost | null {
  const entry = received<HostOverview>(value);
  if (typeof entry?.host !== "string") return null;
  return {
    name: entry.host,
    isOffline: entry.state === "offline",
    isStale: entry.stale === true,
    cpu: numberOf(entry.cpu),
    memory: numberOf(entry.memory),
    gpus: Array.isArray(entry.gpus) ? entry.gpus.flatMap((each) => gpuOf(each) ?? []) : [],
    findings: Array.isArray(entry.findings) ? entry.findings.flatMap((each) => findingOf(each) ?? []) : [],
  };
}

function gpuOf(value: unknown): GlancedGpu | null {
  const entry = received<GpuSummary>(value);
  if (typeof entry?.id !== "string") return null;
  return {
    id: entry.id,
    utilization: numberOf(entry.utilization),
    memoryUsed: numberOf(entry.memory_used),
    throttleReasons: textsOf(entry.throttle_reasons),
    processes: numberOf(entry.processes),
    isStale: entry.stale === true,
  };
}

function findingOf(value: unknown): GlancedFinding | null {
  const entry = isObject(value) ? received<FindingSummary>(value) : null;
  const severity = SEVERITIES.find((each) => each === entry?.severity);
  const since = numberOf(entry?.since);
  if (entry === null || severity === undefined || since === null) return null;
  const [kind, subject] = [textOf(entry.kind) ?? "", textOf(entry.subject) ?? ""];
  return { kind, subject, severity, since, summary: textOf(entry.summary) ?? "" };
}

/** A copy of `host` without its muted findings. */
export function glancedWithout(
  host: GlancedHost,
  isMuted: (finding: { readonly host: string; readonly channel: string; readonly since: number }) => boolean,
): GlancedHost {
  const findings = host.findings.filter(
    ({ kind, subject, since }) => !isMuted({ host: host.name, channel: `system/findings/${kind}/${subject}`, since }),
  );
  return { ...host, findings };
}
