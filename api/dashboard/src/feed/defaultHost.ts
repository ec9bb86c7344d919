import { fetchMetrics } from "../bus/rest";
import { pauseBefore } from "../connection/backoff";

const MAX_PAUSE_MS = 5_000;

interface Listener {
  onFound(host: string): void;
  onProblem(problem: string): void;
}

/**
 * Finds the host to show if the page's address does not name one.
 *
 * The server chooses the host: preferably its own machine, if that is monitored.
 */
export class DefaultHost {
  /** The host that the server chose; null until it has chosen one. */
  name: string | null = null;
  private latest = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly listener: Listener) {}

  /** Request the default host, and retry until the server has chosen one. */
  find(): void {
    void this.request(0);
  }

  stop(): void {
    this.latest += 1;
    clearTimeout(this.timer);
  }

  private async request(attempt: number): Promise<void> {
    this.stop();
    const request = this.latest;
    try {
      const { host } = await fetchMetrics(null);
      if (request !== this.latest) return;
      this.name = host;
      this.listener.onFound(host);
    } catch (error) {
      if (request !== this.latest) return;
      this.listener.onProblem(error instanceof Error ? error.message : "The server is not responding.");
      const pause = Math.min(pauseBefore(attempt, Math.random), MAX_PAUSE_MS);
      this.timer = setTimeout(() => void this.request(attempt + 1), pause);
    }
  }
}
