import type { HistoryAnswer } from "../bus/answers";
import type { HistoryQuery } from "../bus/rest";
import type { Zoom } from "../view/view";
import { HostData } from "./host";

const MAX_POINTS = 4_000;

interface DetailOptions {
  fetchHistory(query: HistoryQuery, signal: AbortSignal): Promise<HistoryAnswer>;
  onChange(): void;
}

/**
 * The history of a zoomed span, as fine as the server has it.
 *
 * At short intervals the page keeps the hour in buckets. The data for a zoom is kept apart from them
 * and discarded with the zoom.
 */
export class Detail {
  private host: HostData | null = null;
  private zoom: Zoom | null = null;
  private data: HostData | null = null;
  private isRequested = false;
  private request = new AbortController();

  constructor(private readonly options: DetailOptions) {}

  /** Fetch the samples of `host` in `zoom`, if the page has only buckets of it; null discards them. */
  show(host: HostData | null, zoom: Zoom | null): void {
    if (host !== this.host || zoom?.from !== this.zoom?.from || zoom?.to !== this.zoom?.to) {
      this.request.abort();
      this.request = new AbortController();
      this.host = host;
      this.zoom = zoom;
      this.data = null;
      this.isRequested = false;
    }
    // A link opens with its zoom before the history has arrived: how coarse that is is not known yet.
    if (this.isRequested || host === null || zoom === null || !isCoarse(host, zoom)) return;
    this.isRequested = true;
    void this.fetch(host, zoom);
  }

  /** The data for the charts of `host`: the samples of the zoom if they were fetched, else its own. */
  of(host: HostData | null): HostData | null {
    return this.data !== null && host?.name === this.data.name ? this.data : host;
  }

  private async fetch(host: HostData, { from, to }: Zoom): Promise<void> {
    const { signal } = this.request;
    const query = { host: host.name, start: from, end: to + 1, maxPoints: MAX_POINTS };
    try {
      const answer = await this.options.fetchHistory(query, signal);
      if (signal.aborted) return;
      const data = new HostData(host.name);
      data.status = host.status;
      data.merge(answer);
      this.data = data;
      this.options.onChange();
    } catch {
      // The charts keep drawing the buckets.
    }
  }
}

/** Whether the span holds buckets and lies in the past, where it does not grow. */
function isCoarse(host: HostData, { from, to }: Zoom): boolean {
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
