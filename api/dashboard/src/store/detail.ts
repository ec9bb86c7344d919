import { signal } from "@preact/signals";
import type { HistoryResult } from "../bus/responses";
import type { HistoryQuery } from "../bus/rest";
import { RetriedFetch } from "../connection/retriedFetch";
import type { Span } from "../view/view";
import { HostData, WINDOW_MS } from "./host";

/** The maximum number of points for a span in the past, which is fetched only once. */
const MAX_POINTS = 4_000;
/** The maximum number of points for a span that ends now. It is lower, because such a span is fetched repeatedly. */
const MAX_POINTS_MOVING = 1_000;
const PIXELS = 360;
const MIN_REFRESH_MS = 30_000;

/** The host and span that were last displayed, and when, by the host's clock. */
interface Wanted {
  readonly host: HostData;
  readonly span: Span;
  readonly now: number;
}

interface DetailOptions {
  fetchHistory(query: HistoryQuery, signal: AbortSignal): Promise<HistoryResult>;
  random(): number;
  onChange(): void;
}

/**
 * Fetches the history of the displayed span if the page's own data is not enough. The cases are:
 *
 * - The span ends now and is longer than an hour.
 * - The user has zoomed to a span that began more than an hour ago.
 * - The user has zoomed to a span for which the page has buckets, not individual samples.
 *
 * The history is kept apart from the live data, and discarded when another span is displayed.
 */
export class Detail {
  /** Why the last fetch of the history failed, as a sentence; null if it did not fail. A failed fetch is retried. */
  readonly problem = signal<string | null>(null);
  /** Whether the history of the span has arrived. */
  isLoaded = false;
  /** A number that changes whenever the fetched data changes. */
  version = 0;
  private key = "";
  private data: HostData | null = null;
  private loadedAt = -Infinity;
  private isBusy = false;
  private wanted: Wanted | null = null;
  private readonly history: RetriedFetch<HostData>;

  constructor(private readonly options: DetailOptions) {
    this.history = new RetriedFetch({
      fetch: (signal) => this.fetch(this.wanted!, signal),
      random: options.random,
      onFetched: (data) => this.accept(data),
      onFailed: (problem) => {
        this.problem.value = problem;
        options.onChange();
      },
    });
  }

  /**
   * Fetch the history of `span` if necessary.
   *
   * Call this method each time the page is drawn. `now` is the time by the host's clock.
   */
  show(host: HostData | null, span: Span, now: number): void {
    const key = `${host?.name} ${span.isFixed ? span.from : ""} ${span.to - span.from}`;
    if (key !== this.key) this.reset(key);
    if (host === null) return;
    this.wanted = { host, span, now };
    // If a link has opened the page with a zoom, this is called before the page has any data. It is then not known
    // whether the page will have only buckets of the zoom, so a later frame decides.
    if (this.isBusy || !isNeeded(host, span, now)) return;
    const refreshMs = Math.max((span.to - span.from) / PIXELS, MIN_REFRESH_MS);
    if (this.isLoaded && (isPast(span, now) || now - this.loadedAt < refreshMs)) return;
    this.isBusy = true;
    this.history.fetch();
  }

  /** The data for the charts of `host`: the history of the span if it was fetched, otherwise `host` itself. */
  of(host: HostData | null): HostData | null {
    return this.data !== null && host?.name === this.data.name ? this.data : host;
  }

  private reset(key: string): void {
    this.history.stop();
    this.key = key;
    this.data = null;
    this.isLoaded = this.isBusy = false;
    this.problem.value = null;
    this.version += 1;
  }

  private async fetch({ host, span, now }: Wanted, signal: AbortSignal): Promise<HostData> {
    const maxPoints = isPast(span, now) ? MAX_POINTS : MAX_POINTS_MOVING;
    const query = { host: host.name, start: span.from, end: span.to + 1, maxPoints };
    const data = new HostData(host.name);
    data.merge(await this.options.fetchHistory(query, signal));
    data.status = host.status;
    for (const [channel, memory] of host.processMemory) data.processMemory.set(channel, memory);
    return data;
  }

  private accept(data: HostData): void {
    this.data = data;
    this.isLoaded = true;
    this.isBusy = false;
    this.loadedAt = this.wanted?.now ?? -Infinity;
    this.version += 1;
    this.problem.value = null;
    this.options.onChange();
  }
}

/** Whether the span lies in the past, and therefore gets no new samples. */
function isPast({ isFixed, to }: Span, now: number): boolean {
  return isFixed && to <= now;
}

function isNeeded(host: HostData, span: Span, now: number): boolean {
  return span.isFixed ? span.from < now - WINDOW_MS || isCoarse(host, span) : span.to - span.from > WINDOW_MS;
}

/**
 * Whether any of the page's points in the span is a bucket, which combines several samples. If so, the history might
 * have more detail than the page.
 *
 * This is false if new samples may still arrive in the span, because a fetched copy would lack them.
 */
function isCoarse(host: HostData, { from, to }: Span): boolean {
  if (to > (host.newestTimestamp ?? -Infinity)) return false;
  for (const series of host.series.values()) {
    const end = series.indexFrom(to);
    for (let index = Math.max(series.indexFrom(from) - 1, 0); index < end; index += 1) {
      const width = series.widths[index]!;
      if (width > 0 && series.times[index]! + width > from) return true;
    }
  }
  return false;
}
