import type { MetricsAnswer } from "../bus/answers";

const PATIENCE_MS = 5_000;
const SHORTEST_PAUSE_MS = 250;

interface Asking {
  fetchMetrics(signal: AbortSignal): Promise<MetricsAnswer>;
  intervalMs(): number;
  /** What each question of the polling came to; not called for one that `stop` has ended. */
  onPolled(answer: MetricsAnswer | Error): void;
}

/** Asks /metrics: once, or at the interval until it is told to stop. */
export class Questions {
  /** When an answer came last, monotonic. */
  answeredAt = -Infinity;
  private polling = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private request: AbortController | null = null;

  constructor(private readonly asking: Asking) {}

  start(): void {
    if (this.polling) return;
    this.polling = true;
    void this.poll();
  }

  stop(): void {
    this.polling = false;
    clearTimeout(this.timer);
    this.request?.abort();
    this.request = null;
  }

  /** Ask once. What goes wrong is returned; after `patienceMs` the server counts as silent. */
  async ask(patienceMs = PATIENCE_MS, request = new AbortController()): Promise<MetricsAnswer | Error> {
    const patience = setTimeout(() => request.abort(), patienceMs);
    try {
      const answer = await this.asking.fetchMetrics(request.signal);
      this.answeredAt = performance.now();
      return answer;
    } catch (error) {
      return error instanceof Error ? error : new Error("The server does not answer.");
    } finally {
      clearTimeout(patience);
    }
  }

  private async poll(): Promise<void> {
    const request = new AbortController();
    this.request = request;
    const answer = await this.ask(PATIENCE_MS, request);
    if (this.request !== request) return;
    this.asking.onPolled(answer);
    if (this.request !== request) return; // it was stopped, and perhaps started anew
    const pause = Math.max(this.asking.intervalMs(), SHORTEST_PAUSE_MS);
    this.timer = setTimeout(() => void this.poll(), pause);
  }
}
