import type { ReadonlySignal, Signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Newest } from "../store/host";
import type { Moments } from "../store/moments";
import type { ChannelSeries } from "../store/series";
import { useMonitor } from "../view/hooks";
import type { Zoom } from "../view/view";
import type { TimeScale } from "./timeAxis";

/**
 * The state that charts and their legends read and change.
 *
 * It is either the `Monitor` (monitor.ts) or a `Comparison` of two runs (feed/comparison.ts).
 */
export interface ChartSource {
  readonly times: TimeScale;
  readonly span: Zoom;
  /** The longest span that the user can choose, in ms. */
  readonly longest: number;
  /** The latest time that charts can show: the current time or, for compared runs, the end of the longer run. */
  readonly now: number;
  readonly view: { readonly zoom: Zoom | null };
  readonly cursor: Signal<number | null>;
  readonly frames: { readonly count: ReadonlySignal<number> };
  readonly charted: { seriesAt(channel: string): ChannelSeries | undefined } | null;
  readonly shown: {
    readonly name: string;
    readonly intervalMs: number;
    readonly newest: ReadonlyMap<string, Newest>;
    seriesAt(channel: string): ChannelSeries | undefined;
  } | null;
  readonly detail: { readonly version: number; readonly isLoaded: boolean };
  readonly frozen: { readonly now: number } | null;
  readonly moments: Moments;
  isStale(channel: string): boolean;
  change(part: { readonly zoom: Zoom | null }): void;
  /** Open the form for an annotation at `time`. Undefined if these charts do not allow annotations. */
  annotate?(time: number): void;
}

/** The data source of the charts; null stands for the `Monitor`. */
export const ChartContext = createContext<ChartSource | null>(null);

export function useChartSource(): ChartSource {
  const monitor = useMonitor();
  return useContext(ChartContext) ?? monitor;
}
