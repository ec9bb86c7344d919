import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { fetchAnnotations, fetchHistory, fetchRun } from "../bus/rest";
import type { ChartSource } from "../charts/source";
import { ELAPSED } from "../charts/timeAxis";
import type { Newest } from "../store/host";
import { type Moments, NO_MOMENTS } from "../store/moments";
import type { ChannelSeries } from "../store/series";
import type { RunReference } from "../view/runReference";
import type { View, Zoom } from "../view/view";
import { ComparedRun } from "./comparedRun";

/** The parts of the page that a comparison uses. */
interface Page {
  readonly frames: { readonly count: ReadonlySignal<number>; invalidate(): void };
  readonly view: View;
  change(view: Partial<View>): void;
}

/** The letters that stand for the two runs in charts and tables. */
export const RUN_LETTERS = ["A", "B"] as const;

const NO_SAMPLES: ReadonlyMap<string, Newest> = new Map();

/** The name that the charts of a comparison use for a channel of the run at `index`, such as `0/system/cpu`. */
export function comparedChannel(index: number, channel: string): string {
  return `${index}/${channel}`;
}

/** Shows two runs in the same charts, aligned at their starts. */
export class Comparison implements ChartSource {
  readonly times = ELAPSED;
  readonly cursor = signal<number | null>(null);
  readonly frozen = null;
  readonly runs: readonly ComparedRun[];
  detail = { version: 0, isLoaded: true };
  private readonly all = computed(() => {
    const all = new Map<string, ChannelSeries>();
    this.runs.forEach(({ history }, index) => {
      for (const [channel, series] of history.value?.series ?? []) all.set(comparedChannel(index, channel), series);
    });
    return all;
  });

  private readonly marked = computed((): Moments => {
    const annotations = this.runs.flatMap(({ run, annotations: all }, index) =>
      all.value.map((each) => ({
        ...each,
        timestamp: each.timestamp - (run.value?.started ?? 0),
        text: `${RUN_LETTERS[index]}: ${each.text}`,
      })),
    );
    return { ...NO_MOMENTS, annotations: annotations.sort((one, other) => one.timestamp - other.timestamp) };
  });

  constructor(
    private readonly page: Page,
    references: readonly RunReference[],
  ) {
    const onChange = () => {
      this.detail = { version: this.detail.version + 1, isLoaded: true };
      page.frames.invalidate();
    };
    const options = { fetchRun, fetchHistory, fetchAnnotations, random: Math.random, onChange };
    this.runs = references.map((each) => new ComparedRun(each, options));
  }

  start(): void {
    for (const run of this.runs) run.start();
  }

  stop(): void {
    for (const run of this.runs) run.stop();
  }

  get frames() {
    return this.page.frames;
  }

  get view(): { readonly zoom: Zoom | null } {
    return { zoom: this.page.view.compareZoom };
  }

  /** The length of the longer run, in ms; at least 1000. */
  get longest(): number {
    return Math.max(1_000, ...this.runs.map(({ history }) => history.value?.length ?? 0));
  }

  get now(): number {
    return this.longest;
  }

  get span(): Zoom {
    return this.view.zoom ?? { from: 0, to: this.longest };
  }

  get shown() {
    const intervalMs = Math.max(...this.runs.map(({ history }) => history.value?.intervalMs ?? 0));
    return { name: "", intervalMs, newest: NO_SAMPLES, seriesAt: this.charted.seriesAt };
  }

  get charted() {
    return { seriesAt: (channel: string) => this.all.value.get(channel) };
  }

  /** The annotations of both runs. Their timestamps are relative to the start of their run. */
  get moments(): Moments {
    return this.marked.value;
  }

  isStale(): boolean {
    return false;
  }

  change({ zoom }: { readonly zoom: Zoom | null }): void {
    this.page.change({ compareZoom: zoom });
  }
}
