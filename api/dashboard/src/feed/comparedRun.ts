import { signal } from "@preact/signals";
import type { HistoryAnswer } from "../bus/answers";
import type { Run } from "../bus/moments";
import { type HistoryQuery, isUnknownHost } from "../bus/rest";
import { runEnd } from "../text/moments";
import type { RunReference } from "../view/runReference";
import { channelsOf, RUN_FIELDS, type RunHistory, runHistory } from "./runHistory";

const MAX_POINTS = 1_000;
const PIXELS = 360;
const MIN_REFRESH_MS = 30_000;
const RETRY_MS = 5_000;
const MIN_LENGTH_MS = 1_000;

interface Options {
  fetchRun(id: string, host: string | null, signal: AbortSignal): Promise<Run>;
  fetchHistory(query: HistoryQuery, signal: AbortSignal): Promise<HistoryAnswer>;
  onChange(): void;
}

/** One of two runs that are compared, with its history. One that is under way is fetched again and again. */
export class ComparedRun {
  readonly run = signal<Run | null>(null);
  readonly history = signal<RunHistory | null>(null);
  /** Why it cannot be read, as a sentence. */
  readonly problem = signal<string | null>(null);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private request = new AbortController();

  constructor(
    readonly reference: RunReference,
    private readonly options: Options,
  ) {}

  start(): void {
    this.request = new AbortController();
    void this.load(this.request.signal);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.request.abort();
  }

  private async load(signal: AbortSignal): Promise<void> {
    let pause: number | null = RETRY_MS;
    try {
      const { id, host } = this.reference;
      const run = await this.options.fetchRun(id, host, signal);
      if (signal.aborted) return;
      this.run.value = run;
      const end = Math.max(runEnd(run, Math.max(Date.now(), run.timestamp)), run.started + MIN_LENGTH_MS);
      const query = { host: run.host, start: run.started, end: end + 1, maxPoints: MAX_POINTS };
      const more = { channels: channelsOf(run), fields: RUN_FIELDS };
      const answer = await this.options.fetchHistory({ ...query, ...more }, signal).catch(emptyIfUnknown);
      if (signal.aborted) return;
      this.history.value = runHistory(run, end, answer);
      this.problem.value = null;
      const isUnderWay = run.ended === null && !run.isLost;
      pause = isUnderWay ? Math.max(MIN_REFRESH_MS, (end - run.started) / PIXELS) : null;
    } catch (error) {
      if (signal.aborted) return;
      this.problem.value = error instanceof Error ? error.message : "The server is not responding.";
    }
    if (pause !== null) this.timer = setTimeout(() => void this.load(signal), pause);
    this.options.onChange();
  }
}

/** The history of a host that the server no longer knows. */
function emptyIfUnknown(error: unknown): HistoryAnswer {
  if (isUnknownHost(error)) return { host: "", start: 0, end: 0, channels: new Map() };
  throw error;
}
