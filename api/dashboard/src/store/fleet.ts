import type { GlancedFinding, GlancedHost } from "../bus/overview";
import { SEVERITIES } from "../bus/payload";
import { type Cell, type CellKind, cellOf, worstOf } from "../text/glance";

/** A row of the page that shows all hosts. */
export interface FleetRow {
  readonly name: string;
  readonly state: "live" | "stale" | "offline";
  readonly cpu: number | null;
  readonly memory: number | null;
  readonly cells: readonly Cell[];
  readonly worst: GlancedFinding | null;
  readonly count: number;
}

export const SORTINGS = ["free", "findings", "name"] as const;
export type Sorting = (typeof SORTINGS)[number];

/** One row for each host in `hosts`, and one `offline` row for each name in `listed` that is not in `hosts`. */
export function fleetOf(hosts: readonly GlancedHost[], listed: readonly string[]): FleetRow[] {
  const live = new Set(hosts.map(({ name }) => name));
  const others = listed.filter((name) => !live.has(name));
  return [
    ...hosts.map(rowOf),
    ...others.map((name) => ({
      ...{ name, state: "offline" as const, cpu: null, memory: null, cells: [], worst: null, count: 0 },
    })),
  ];
}

function rowOf(host: GlancedHost): FleetRow {
  const { name, cpu, memory, findings } = host;
  return {
    name,
    state: host.isOffline ? "offline" : host.isStale ? "stale" : "live",
    cpu,
    memory,
    cells: host.gpus.map((gpu) => cellOf(gpu, host)),
    worst: worstOf(findings),
    count: findings.filter(({ severity }) => severity !== "info").length,
  };
}

/** The number of GPUs in `rows` whose cell has one of `kinds`. */
export function countOf(rows: readonly FleetRow[], ...kinds: readonly CellKind[]): number {
  return rows.reduce((sum, { cells }) => sum + cells.filter(({ kind }) => kinds.includes(kind)).length, 0);
}

/**
 * The rows that match `query`, sorted.
 *
 * A row matches if each word of the query is in the host's name or in the summary of its worst finding.
 */
export function chosen(rows: readonly FleetRow[], query: string, sorting: Sorting): FleetRow[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const text = ({ name, worst }: FleetRow) => `${name} ${worst?.summary ?? ""}`.toLowerCase();
  const found = rows.filter((row) => words.every((word) => text(row).includes(word)));
  const rank = ({ worst }: FleetRow) => (worst ? SEVERITIES.indexOf(worst.severity) : -1);
  const keys: Readonly<Record<Sorting, (row: FleetRow) => readonly number[]>> = {
    free: (row) => [countOf([row], "free"), countOf([row], "idle")],
    findings: (row) => [rank(row), row.count],
    name: () => [],
  };
  const byName = (a: FleetRow, b: FleetRow) => a.name.localeCompare(b.name, "en", { numeric: true });
  return found.sort((a, b) => {
    const [own, other] = [keys[sorting](a), keys[sorting](b)];
    const index = own.findIndex((value, at) => value !== other[at]);
    return index < 0 ? byName(a, b) : other[index]! - own[index]!;
  });
}
