import type { Frame } from "../bus/frames";
import type { MomentsQuery } from "../bus/rest";
import { RetriedFetch } from "../connection/retriedFetch";
import { combined, type Moments, NO_MOMENTS, withLive } from "../store/moments";
import type { Span } from "../view/view";

/** A span's lists are fetched once the user has not changed the span for this long. */
const SETTLE_MS = 150;
/**
 * The lists are fetched again this long after the broker has removed the retained state of a run or a finding.
 *
 * The history may store the event that ends the run or the finding only after the removal. After this pause, the
 * server's lists should contain the event.
 */
const REMOVED_MS = 3_000;

interface Options {
  fetchMoments(query: MomentsQuery, signal: AbortSignal): Promise<Moments>;
  random(): number;
  onChange(): void;
}

/**
 * Provides the annotations, findings and runs of one host in the displayed span.
 *
 * These come from the server's lists, and from later events on the stream.
 */
export class MomentsFeed {
  moments: Moments = NO_MOMENTS;
  /** Why `moments` cannot be read, as a sentence; null if they can be read. */
  problem: string | null = null;
  private listed: Moments = NO_MOMENTS;
  private live: Moments = NO_MOMENTS;
  /** The newest query for the lists. `to` is null unless the span has already ended. */
  private query: MomentsQuery | null = null;
  private readonly lists: RetriedFetch<Moments>;

  constructor(
    private readonly host: string,
    private readonly options: Options,
  ) {
    this.lists = new RetriedFetch({
      fetch: (signal) => options.fetchMoments(this.query!, signal),
      random: options.random,
      onFetched: (listed) => {
        this.listed = listed;
        this.change(null);
      },
      onFailed: (problem) => this.change(problem),
    });
  }

  /**
   * Fetch what happened in `span`, unless the newest query already covers it.
   *
   * Call this method each time the page is drawn. `now` is the time by the host's clock.
   */
  show(span: Span, now: number): void {
    const isPast = span.isFixed && span.to < now;
    const { query } = this;
    const starts = query !== null && query.from <= span.from;
    if (starts && (isPast ? query.to === null || query.to >= span.to : query.to === null)) return;
    // A span that ends now starts later with each frame, so the first query also covers the span in later frames.
    this.query = { host: this.host, from: span.from, to: isPast ? span.to : null };
    this.lists.fetchAfter(SETTLE_MS);
  }

  /** Fetch the lists again, in case the stream has missed something. */
  fetch(): void {
    if (this.query !== null) this.lists.fetch();
  }

  accept(frame: Frame): void {
    if (frame.kind === "annotation" && [null, this.host].includes(frame.annotation.host)) {
      this.add({ annotations: [frame.annotation] });
    } else if (frame.kind === "finding" && frame.finding.host === this.host) {
      this.add({ findings: [frame.finding] });
    } else if (frame.kind === "run" && frame.run.host === this.host) {
      this.add({ runs: [frame.run] });
    } else if (frame.kind === "removed" && frame.host === this.host && isState(frame.channel)) {
      this.lists.fetchAfter(REMOVED_MS);
    }
  }

  stop(): void {
    this.lists.stop();
  }

  private add(more: Partial<Moments>): void {
    this.live = withLive(this.live, more);
    this.change(this.problem);
  }

  private change(problem: string | null): void {
    this.problem = problem;
    this.moments = combined(this.listed, this.live);
    this.options.onChange();
  }
}

function isState(channel: string): boolean {
  return channel.startsWith("system/runs/") || channel.startsWith("system/findings/");
}
