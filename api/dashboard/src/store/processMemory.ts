import { isObject, numberOf, textOf, type Values } from "../bus/payload";
import type { ChannelSeries } from "./series";

/**
 * The columns for the processes of a GPU. Each column is a place for one process, which gets its own area in the chart.
 * With more places, some areas would be too thin or have the same colour.
 */
export const PLACES = ["0", "1", "2", "3", "4", "5"] as const;

/** A process that has one of the `PLACES`. */
export interface PlacedProcess {
  readonly key: string;
  readonly pid: number | null;
  readonly command: string;
  /** The time of the newest sample that lists the process, by the collector's clock. */
  readonly seen: number;
  /** The memory of the process in the newest sample that lists it, in bytes. */
  readonly memory: number;
}

/**
 * The memory of the processes on one GPU, from the samples that this page has received; the history does not store it.
 *
 * Each place in `PLACES` is for one process. If all places are taken, a new process replaces the process that
 * ended first. If none has ended, the new process replaces the one with the least memory, but only if the new process
 * uses more.
 */
export class ProcessMemory {
  constructor(
    readonly series: ChannelSeries,
    readonly places: (PlacedProcess | null)[] = PLACES.map(() => null),
  ) {}

  /** Add a sample. A sample without a list of processes is ignored, because its GPU did not report the processes. */
  accept(timestamp: number, values: Values): void {
    if (!Array.isArray(values.processes)) return;
    const listed = byKey(values.processes.filter(isObject), timestamp);
    if (timestamp > this.series.last) this.place(listed, timestamp);
    this.series.insert(timestamp, (place) => {
      const key = this.places[Number(place)]?.key;
      return (key === undefined ? undefined : listed.get(key)?.memory) ?? NaN;
    });
  }

  clone(): ProcessMemory {
    return new ProcessMemory(this.series.clone(), [...this.places]);
  }

  private place(listed: Map<string, PlacedProcess>, now: number): void {
    this.places.forEach((known, place) => {
      const newest = known && listed.get(known.key);
      if (newest) this.places[place] = newest;
    });
    const isPlaced = ({ key }: PlacedProcess) => this.places.some((each) => each?.key === key);
    const others = [...listed.values()].filter((each) => !isPlaced(each)).sort((a, b) => b.memory - a.memory);
    for (const process of others) {
      const place = this.weakest(now);
      const known = this.places[place];
      if (known?.seen === now && known.memory >= process.memory) return;
      this.places[place] = process;
      this.series.clear(PLACES[place]!);
    }
  }

  /**
   * The place for the next process: a free place if there is one; if not, that of the process that ended first; if none
   * has ended, that of the process that uses the least memory.
   */
  private weakest(now: number): number {
    const rank = (each: PlacedProcess | null) =>
      each === null ? -Infinity : each.seen < now ? each.seen - now : each.memory;
    const ranks = this.places.map(rank);
    return ranks.indexOf(Math.min(...ranks));
  }
}

/** The processes by key. If one is listed twice, for compute and for graphics, its memory is added up. */
function byKey(rows: readonly Values[], seen: number): Map<string, PlacedProcess> {
  const found = new Map<string, PlacedProcess>();
  for (const row of rows) {
    const used = numberOf(row.memory_used);
    if (used === null) continue;
    const pid = numberOf(row.pid);
    const key = [pid, numberOf(row.started), numberOf(row.gpu_instance)].join("/");
    const command = textOf(row.command) ?? textOf(row.name) ?? "process";
    found.set(key, { key, pid, command, seen, memory: used + (found.get(key)?.memory ?? 0) });
  }
  return found;
}
