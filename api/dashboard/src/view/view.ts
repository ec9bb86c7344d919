import { type Range, rangeMs } from "./ranges";
import { RUN_ID, type RunReference, runsFrom, runsText } from "./runReference";

/** What is displayed: the page, host, range and so on. The page's address contains the view. */
export interface View {
  readonly page: Page;
  readonly host: string | null;
  readonly gpu: string | null;
  /** The chosen range; null if the page is to choose one. */
  readonly range: Range | null;
  readonly series: readonly GpuSeries[];
  readonly zoom: Zoom | null;
  /** The id of the run displayed above the charts. */
  readonly run: string | null;
  /** The two runs on the page `compare`. */
  readonly compare: readonly RunReference[] | null;
  /** The displayed part of the two runs, in ms since the start of each run; null if the whole runs are displayed. */
  readonly compareZoom: Zoom | null;
}

/** The pages: one host, all hosts at a glance, the list of runs, and the comparison of two runs. */
export const PAGES = ["host", "hosts", "runs", "compare"] as const;
export type Page = (typeof PAGES)[number];

export const GPU_SERIES = ["utilization", "temperature", "memory", "power"] as const;
export type GpuSeries = (typeof GPU_SERIES)[number];

/** A time span in whole ms. */
export interface Zoom {
  readonly from: number;
  readonly to: number;
}

/** The span of the charts. A zoom fixes it; without a zoom, it always ends now. */
export interface Span extends Zoom {
  readonly isFixed: boolean;
}

const MIN_ZOOM_MS = 1_000;

export const DEFAULT_VIEW: View = {
  page: "host",
  host: null,
  gpu: null,
  range: null,
  // Memory is not included, because it has its own chart, which shows it by process.
  series: ["utilization", "temperature"],
  zoom: null,
  run: null,
  compare: null,
  compareZoom: null,
};

/** The range displayed until the page has chosen one for the host. */
export const DEFAULT_RANGE: Range = "1h";

/** The span of the charts when the collector's clock shows `now`. `fallback` is the range if the view has none. */
export function spanOf(view: View, now: number, fallback: Range = DEFAULT_RANGE): Span {
  const to = Math.round(now);
  return view.zoom
    ? { ...view.zoom, isFixed: true }
    : { from: to - rangeMs(view.range ?? fallback), to, isFixed: false };
}

/**
 * Parse a view from a URL fragment. A part that is missing or invalid gets its default value. Unknown names in the list
 * of series are ignored.
 */
export function viewFromHash(hash: string): View {
  const query = new URLSearchParams(hash.replace(/^#/, ""));
  const series = query.get("series")?.split(",") ?? null;
  const compare = runsFrom(query.get("compare"));
  const zoom = zoomFrom(query.get("from"), query.get("to"));
  return {
    page: compare
      ? "compare"
      : (PAGES.find((page) => page === query.get("page") && page !== "compare") ?? DEFAULT_VIEW.page),
    host: query.get("host") || null,
    gpu: matching(query.get("gpu"), /^\d{1,4}$/),
    range: rangeFrom(query.get("range")),
    series: series ? GPU_SERIES.filter((name) => series.includes(name)) : DEFAULT_VIEW.series,
    run: matching(query.get("run"), RUN_ID),
    zoom: compare ? null : zoom,
    compare,
    compareZoom: compare ? zoom : null,
  };
}

/** Write a view as the fragment of a URL. Parts with default values are left out. */
export function hashFromView(view: View): string {
  const query = new URLSearchParams();
  const compare = view.page === "compare" ? view.compare : null;
  if (compare) query.set("compare", runsText(compare));
  else if (view.page !== DEFAULT_VIEW.page) query.set("page", view.page);
  if (view.host !== null) query.set("host", view.host);
  if (view.gpu !== null) query.set("gpu", view.gpu);
  if (view.run !== null) query.set("run", view.run);
  if (view.range !== null) query.set("range", view.range);
  const series = view.series.join(",");
  if (series !== DEFAULT_VIEW.series.join(",")) query.set("series", series);
  const zoom = compare ? view.compareZoom : view.zoom;
  if (zoom) {
    query.set("from", String(zoom.from));
    query.set("to", String(zoom.to));
  }
  return query.size === 0 ? "" : `#${query.toString().replaceAll("%2C", ",").replaceAll("%40", "@")}`;
}

export function toggled(series: readonly GpuSeries[], name: GpuSeries): GpuSeries[] {
  return GPU_SERIES.filter((each) => (each === name) !== series.includes(each));
}

export function zoomTo(from: number, to: number): Zoom | null {
  return to - from >= MIN_ZOOM_MS ? { from: Math.round(from), to: Math.round(to) } : null;
}

function matching(text: string | null, pattern: RegExp): string | null {
  return text !== null && pattern.test(text) ? text : null;
}

function rangeFrom(text: string | null): Range | null {
  return text !== null && rangeMs(text) > 0 ? text : null;
}

function zoomFrom(from: string | null, to: string | null): Zoom | null {
  if (!(/^\d{1,15}$/.test(from ?? "") && /^\d{1,15}$/.test(to ?? ""))) return null;
  return zoomTo(Number(from), Number(to));
}
