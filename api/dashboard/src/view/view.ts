import { type Range, rangeMs } from "./ranges";

/** The state of the page apart from its data: a link reproduces it. */
export interface View {
  /** One host, or all of them at a glance. */
  readonly page: "host" | "hosts";
  readonly host: string | null;
  readonly gpu: string | null;
  readonly range: Range;
  readonly series: readonly GpuSeries[];
  readonly zoom: Zoom | null;
}

export const GPU_SERIES = ["utilization", "temperature", "memory", "power"] as const;
export type GpuSeries = (typeof GPU_SERIES)[number];

/** A span by the collector's clock, in whole Unix ms, so that ticks on the axis fall on whole seconds. */
export interface Zoom {
  readonly from: number;
  readonly to: number;
}

/** The span of the charts. It is fixed if it was chosen, else it ends now. */
export interface Span extends Zoom {
  readonly isFixed: boolean;
}

const MIN_ZOOM_MS = 1_000;

export const DEFAULT_VIEW: View = {
  page: "host",
  host: null,
  gpu: null,
  range: "1h",
  series: ["utilization", "temperature", "memory"],
  zoom: null,
};

/** The span of the charts when the collector's clock is at `now`. */
export function spanOf(view: View, now: number): Span {
  const to = Math.round(now);
  return view.zoom ? { ...view.zoom, isFixed: true } : { from: to - rangeMs(view.range), to, isFixed: false };
}

/** Parse the view in an address's fragment; invalid parts get their defaults. */
export function viewFromHash(hash: string): View {
  const query = new URLSearchParams(hash.replace(/^#/, ""));
  const gpu = query.get("gpu");
  const series = query.get("series")?.split(",") ?? null;
  return {
    page: query.get("page") === "hosts" ? "hosts" : "host",
    host: query.get("host") || null,
    gpu: gpu !== null && /^\d{1,4}$/.test(gpu) ? gpu : null,
    range: rangeFrom(query.get("range")),
    series: series ? GPU_SERIES.filter((name) => series.includes(name)) : DEFAULT_VIEW.series,
    zoom: zoomFrom(query.get("from"), query.get("to")),
  };
}

/** Write a view as an address's fragment, without defaults. */
export function hashFromView(view: View): string {
  const query = new URLSearchParams();
  if (view.page !== DEFAULT_VIEW.page) query.set("page", view.page);
  if (view.host !== null) query.set("host", view.host);
  if (view.gpu !== null) query.set("gpu", view.gpu);
  if (view.range !== DEFAULT_VIEW.range) query.set("range", view.range);
  const series = view.series.join(",");
  if (series !== DEFAULT_VIEW.series.join(",")) query.set("series", series);
  if (view.zoom) {
    query.set("from", String(view.zoom.from));
    query.set("to", String(view.zoom.to));
  }
  return query.size === 0 ? "" : `#${query.toString().replaceAll("%2C", ",")}`;
}

export function toggled(series: readonly GpuSeries[], name: GpuSeries): GpuSeries[] {
  return GPU_SERIES.filter((each) => (each === name) !== series.includes(each));
}

export function zoomTo(from: number, to: number): Zoom | null {
  return to - from >= MIN_ZOOM_MS ? { from: Math.round(from), to: Math.round(to) } : null;
}

function rangeFrom(text: string | null): Range {
  return text !== null && rangeMs(text) > 0 ? text : DEFAULT_VIEW.range;
}

function zoomFrom(from: string | null, to: string | null): Zoom | null {
  if (!(/^\d{1,15}$/.test(from ?? "") && /^\d{1,15}$/.test(to ?? ""))) return null;
  return zoomTo(Number(from), Number(to));
}
