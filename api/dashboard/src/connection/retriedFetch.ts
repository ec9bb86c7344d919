import { pauseBefore } from "./backoff";

const SHORTEST_PAUSE_MS = 1_000;

interface Options<T> {
  fetch(signal: AbortSignal): Promise<T>;
  random(): number;
  onFetched(response: T): void;
  /** Called after each failed attempt. `problem` describes the failure in a sentence. */
  onFailed?(problem: string): void;
}

/**
 * Fetches from the server, and retries after a pause if the fetch fails.
 *
 * A new fetch aborts the previous request.
 */
export class RetriedFetch<T> {
  private attempts = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private request = new AbortController();

  constructor(private readonly options: Options<T>) {}

  fetch(): void {
    this.stop();
    this.request = new AbortController();
    void this.run(this.request.signal);
  }

  /** Fetch after `ms` milliseconds. This replaces any fetch already scheduled. */
  fetchAfter(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fetch(), ms);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.request.abort();
  }

  private async run(signal: AbortSignal): Promise<void> {
    const { fetch, random, onFetched, onFailed } = this.options;
    try {
      const response = await fetch(signal);
      if (signal.aborted) return;
      this.attempts = 0;
      onFetched(response);
    } catch (error) {
      if (signal.aborted) return;
      this.fetchAfter(SHORTEST_PAUSE_MS + pauseBefore(this.attempts, random));
      this.attempts += 1;
      onFailed?.(error instanceof Error ? error.message : "The server is not responding.");
    }
  }
}
