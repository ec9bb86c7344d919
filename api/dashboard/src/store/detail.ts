import type { HistoryAnswer } from "../bus/answers";
import type { HistoryQuestion } from "../bus/rest";
import type { Zoom } from "../view/view";
import { HostData } from "./host";

const MAX_POINTS = 4_000;

interface Outside {
  fetchHistory(question: HistoryQuestion, signal: AbortSignal): Promise<HistoryAnswer>;
  onChange(): void;
}

/**
 * The history of a span that is zoomed into, as fine as the server has it.
 *
 * At short intervals the page keeps buckets of an hour. What is fetched for a zoom stays apart from
 * that, and goes with the zoom.
 */
export class Detail {
  private host: HostData | null = null;
  private zoom: Zoom | null = null;
  private data: HostData | null = null;
  private asked = false;
  private request = new AbortController();

  constructor(private readonly outside: Outside) {}

  /** Fetch what `host` has of `zoom`, if the page has it only in buckets; null forgets it. */
  show(host: HostData | null, zoom: Zoom | null): void {
    if (host !== this.host || zoom?.from !== this.zoom?.from || zoom?.to !== this.zoom?.to) {
      this.request.abort();
      this.request = new AbortController();
      this.host = host;
      this.zoom = zoom;
      this.data = null;
      this.asked = false;
    }
    // A link opens with its zoom before it has the past, of which it is not known yet how coarse it is.
    if (this.asked || host === null || zoom === null || !isCoarse(host, zoom)) return;
    this.asked = true;
    void this.fetch(host, zoom);
  }

  /** The data for the charts of `host`: finer where it was fetched, else its own. */
  of(host: HostData | null): HostData | null {
    return this.data !== null && host?.name === this.data.name ? this.data : host;
  }

  private async fetch(host: HostData, { from, to }: Zoom): Promise<void> {
    const { signal } = this.request;
    const question = { host: host.name, start: from, end: to + 1, maxPoints: MAX_POINTS };
    try {
      const answer = await this.outside.fetchHistory(question, signal);
      if (signal.aborted) return;
      const data = new HostData(host.name);
      data.status = host.status;
      data.merge(answer);
      this.data = data;
      this.outside.onChange();
    } catch {
      // The buckets stay in view.
    }
  }
}

/** Whether some of the span is in buckets, and all of it in the past, so that it does not grow. */
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
