import { signal } from "@preact/signals";
import type { Run, RunsPage } from "../bus/moments";
import type { RunsQuery } from "../bus/rest";
import { runKey } from "../store/moments";

const REFRESH_MS = 10_000;
const MAX_RUNS = 2_000;

export type RunFilter = Omit<RunsQuery, "end">;

export const ANY_RUN: RunFilter = { host: null, user: null, tag: null, state: null };

type FetchRuns = (query: RunsQuery, signal: AbortSignal) => Promise<RunsPage>;

/** The runs that match a filter, newest first. The first page is fetched again every 10 s. */
export class RunList {
  /** The runs fetched so far; null until the server has responded. */
  readonly runs = signal<readonly Run[] | null>(null);
  /** The value of the query parameter `end` that selects the next page; null if there is no page to add. */
  readonly next = signal<number | null>(null);
  /** Why the runs cannot be read, as a sentence; null if they can be read. */
  readonly problem = signal<string | null>(null);
  private filter = ANY_RUN;
  private request = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly fetchRuns: FetchRuns) {}

  /** List the runs that match `filter`. */
  show(filter: RunFilter): void {
    this.stop();
    this.filter = filter;
    this.request = new AbortController();
    this.runs.value = this.next.value = null;
    void this.refresh();
  }

  /** Fetch the next page and add its runs to the list. */
  async more(): Promise<void> {
    const { signal } = this.request;
    const end = this.next.peek();
    if (end === null) return;
    const page = await this.fetch(end, signal);
    if (page === null) return;
    this.runs.value = [...(this.runs.peek() ?? []), ...page.runs].slice(0, MAX_RUNS);
    this.next.value = this.runs.value.length < MAX_RUNS ? page.next : null;
  }

  stop(): void {
    clearTimeout(this.timer);
    this.request.abort();
  }

  private async refresh(): Promise<void> {
    const { signal } = this.request;
    const page = await this.fetch(null, signal);
    if (signal.aborted) return;
    this.timer = setTimeout(() => void this.refresh(), REFRESH_MS);
    if (page === null) return;
    const known = this.runs.peek();
    const fresh = new Set(page.runs.map(runKey));
    const oldest = page.runs.at(-1)?.started ?? Infinity;
    const older = (known ?? []).filter((run) => run.started < oldest && !fresh.has(runKey(run)));
    if (known === null || older.length === 0) this.next.value = page.next;
    this.runs.value = page.next === null ? page.runs : [...page.runs, ...older].slice(0, MAX_RUNS);
  }

  private async fetch(end: number | null, signal: AbortSignal): Promise<RunsPage | null> {
    try {
      const page = await this.fetchRuns({ ...this.filter, end }, signal);
      if (signal.aborted) return null;
      this.problem.value = null;
      return page;
    } catch (error) {
      if (!signal.aborted)
        this.problem.value = error instanceof Error ? error.message : "The server is not responding.";
      return null;
    }
  }
}

/** Whether every word of `text` occurs in the run's name, id, host, user, command or tags. */
export function containsText(run: Run, text: string): boolean {
  const all = [run.name, run.id, run.host, run.user, run.command, ...run.tags].join("\n").toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}
