import { signal } from "@preact/signals";
import type { Annotation, Run } from "../bus/moments";
import type { HistoryResult } from "../bus/responses";
import { type HistoryQuery, isUnknownHost, type MomentsQuery } from "../bus/rest";
import { RetriedFetch } from "../connection/retriedFetch";
import { runEnd } from "../text/moments";
import type { RunReference } from "../view/runReference";
import { channelsOf, RUN_FIELDS, type RunHistory, runHistory } from "./runHistory";

const MAX_POINTS = 1_000;
const PIXELS = 360;
const MIN_REFRESH_MS = 30_000;
const MIN_LENGTH_MS = 1_000;

interface Options {
  fetchRun(id: string, host: string | null, signal: AbortSignal): Promise<Run>;
  fetchHistory(query: HistoryQuery, signal: AbortSignal): Promise<HistoryResult>;
  fetchAnnotations(query: MomentsQuery, signal: AbortSignal): Promise<readonly Annotation[]>;
  random(): number;
  onChange(): void;
}

interface Loaded {
  readonly history: RunHistory;
  readonly annotations: readonly Annotation[];
}

/** One of the two runs of a comparison, with its history. A run that is under way is refetched periodically. */
export class ComparedRun {
  readonly run = signal<Run | null>(null);
  readonly history = signal<RunHistory | null>(null);
  /** The annotations of the run's host during the run, except those that name a different run. */
  readonly annotations = signal<readonly Annotation[]>([]);
  /** Why the run, its history or its annotations cannot be read, as a sentence; null if they can be read. */
  readonly problem = signal<string | null>(null);
  private readonly loads: RetriedFetch<Loaded>;

  constructor(
    readonly reference: RunReference,
    private readonly options: Options,
  ) {
    this.loads = new RetriedFetch({
      fetch: (signal) => this.load(signal),
      random: options.random,
      onFetched: (loaded) => this.show(loaded),
      onFailed: (problem) => {
        this.problem.value = problem;
        options.onChange();
      },
    });
  }

  start(): void {
    this.loads.fetch();
  }

  stop(): void {
    this.loads.stop();
  }

  private async load(signal: AbortSignal): Promise<Loaded> {
    const { reference, options } = this;
    const run = await options.fetchRun(reference.id, reference.host, signal);
    signal.throwIfAborted();
    this.run.value = run; // the run's summary is shown even if the history cannot be read
    const { host, started } = run;
    const end = Math.max(runEnd(run, Math.max(Date.now(), run.timestamp)), started + MIN_LENGTH_MS);
    const query = { host, start: started, end: end + 1, maxPoints: MAX_POINTS };
    const more = { channels: channelsOf(run), fields: RUN_FIELDS };
    const [response, annotations] = await Promise.all([
      options.fetchHistory({ ...query, ...more }, signal).catch(emptyIfUnknown),
      options.fetchAnnotations({ host, from: started, to: end + 1 }, signal),
    ]);
    const names = [null, run.id, run.name];
    return {
      history: runHistory(run, end, response),
      annotations: annotations.filter((each) => names.includes(each.run)),
    };
  }

  private show({ history, annotations }: Loaded): void {
    const { run, length } = history;
    this.history.value = history;
    this.annotations.value = annotations;
    this.problem.value = null;
    if (run.ended === null && !run.isLost) this.loads.fetchAfter(Math.max(MIN_REFRESH_MS, length / PIXELS));
    this.options.onChange();
  }
}

/** Returns an empty history if the error reports that the server no longer knows the host; rethrows other errors. */
function emptyIfUnknown(error: unknown): HistoryResult {
  if (isUnknownHost(error)) return { host: "", start: 0, end: 0, channels: new Map() };
  throw error;
}
