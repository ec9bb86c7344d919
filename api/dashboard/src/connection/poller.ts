import type { MetricsResult } from "../bus/responses";

const TIMEOUT_MS = 5_000;
const MIN_PAUSE_MS = 250;

interface PollerOptions {
  fetchMetrics(signal: AbortSignal): Promise<MetricsResult>;
  intervalMs(): number;
  /** Called after each poll with the response or the error, unless `stop` has aborted the poll. */
  onPolled(response: MetricsResult | Error): void;
}

/** Fetches /metrics once, or repeatedly until `stop` is called. */
export class Poller {
  /** When the last response without an error arrived, by the monotonic clock. */
  respondedAt = -Infinity;
  private isPolling = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private request: AbortController | null = null;

  constructor(private readonly options: PollerOptions) {}

  start(): void {
    if (this.isPolling) return;
    this.isPolling = true;
    void this.poll();
  }

  stop(): void {
    this.isPolling = false;
    clearTimeout(this.timer);
    this.request?.abort();
    this.request = null;
  }

  /** Fetch /metrics once. An error is returned, not thrown. */
  async fetchOnce(timeoutMs = TIMEOUT_MS, request = new AbortController()): Promise<MetricsResult | Error> {
    const timeout = setTimeout(() => request.abort(), timeoutMs);
    try {
      const response = await this.options.fetchMetrics(request.signal);
      this.respondedAt = performance.now();
      return response;
    } catch (error) {
      return error instanceof Error ? error : new Error("The server is not responding.");
    } finally {
      clearTimeout(timeout);
    }
  }

  private async poll(): Promise<void> {
    const request = new AbortController();
    this.request = request;
    const response = await this.fetchOnce(TIMEOUT_MS, request);
    if (this.request !== request) return;
    this.options.onPolled(response);
    if (this.request !== request) return; // the callback has stopped polling, and perhaps started it again
    const pause = Math.max(this.options.intervalMs(), MIN_PAUSE_MS);
    this.timer = setTimeout(() => void this.poll(), pause);
  }
}
