import type { MetricsAnswer } from "../bus/answers";
import { parseFrames, type Frame } from "../bus/payload";
import { isUnknownHost } from "../bus/rest";
import { pauseBefore } from "./backoff";

/**
 * connecting: nothing has answered yet. live: the WebSocket is open. polling: it is not, and
 * /metrics answers. reconnecting: neither does. unknown: the server answers that it knows no such host.
 */
export type Transport = "connecting" | "live" | "polling" | "reconnecting" | "unknown";

export interface ConnectionState {
  readonly transport: Transport;
  /** Why there is no connection, as a sentence. */
  readonly problem: string | null;
}

/** What of a WebSocket is used; the browser's satisfies it. */
export interface Socket {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: never) => void) | null;
  close(): void;
}

/** What the connection needs from outside. */
export interface Wires {
  openSocket(): Socket;
  fetchMetrics(signal: AbortSignal): Promise<MetricsAnswer>;
  random(): number;
}

/** What the connection tells. */
export interface Listener {
  /** `greeting`: the server had kept it, so that its arrival says nothing of its age. */
  onFrame(frame: Frame, greeting: boolean): void;
  /** Returns whether there was something new in it. */
  onMetrics(answer: MetricsAnswer): boolean;
  onState(state: ConnectionState): void;
  /** Samples flow again, or for the first time: what was missed is to be fetched. */
  onFlowing(): void;
}

const OPENING_MS = 8_000;
const POLL_PATIENCE_MS = 5_000;
const SHORTEST_POLL_MS = 250;
// A collector reports its status every 10 s, so that a healthy socket is never silent for longer.
const SILENCE_MS = 12_000;
const SILENT_INTERVALS = 3;

/** One host's live stream: the WebSocket while it can be had, /metrics in the meantime. */
export class Connection {
  private state: ConnectionState = { transport: "connecting", problem: null };
  private socket: Socket | null = null;
  private greeted = new Set<string>();
  private attempts = 0;
  private flowing = false;
  private polling = false;
  private heardAt = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private opening: ReturnType<typeof setTimeout> | undefined;
  private poll: ReturnType<typeof setTimeout> | undefined;
  private watch: ReturnType<typeof setTimeout> | undefined;
  private request: AbortController | null = null;
  private stopped = true;

  /** `intervalMs` is asked anew for each poll: the host's interval may change. */
  constructor(
    private readonly wires: Wires,
    private readonly listener: Listener,
    private readonly intervalMs: () => number,
  ) {}

  start(): void {
    this.stopped = false;
    this.connect();
  }

  stop(): void {
    this.stopped = true;
    this.dropSocket();
    clearTimeout(this.retry);
    this.stopPolling();
  }

  /** Try at once: the page is looked at again, or the network is back. */
  wake(): void {
    if (this.stopped) return;
    if (this.socket === null) {
      clearTimeout(this.retry);
      this.attempts = 0;
      this.connect();
    } else if (this.state.transport === "live") {
      void this.probe();
    }
  }

  private connect(): void {
    let socket: Socket;
    try {
      socket = this.wires.openSocket();
    } catch {
      this.lose(); // the browser may refuse, as it does where the page's address is not fit
      return;
    }
    this.socket = socket;
    this.greeted.clear();
    socket.onopen = () => {
      if (socket === this.socket) this.opened();
    };
    socket.onmessage = (event) => {
      if (socket === this.socket) this.receive(event.data);
    };
    socket.onclose = () => {
      if (socket === this.socket) this.lose();
    };
    this.opening = setTimeout(() => this.lose(), OPENING_MS);
  }

  private opened(): void {
    clearTimeout(this.opening);
    this.stopPolling();
    this.heardAt = performance.now();
    this.become("live", null);
    this.watchForSilence();
    void this.probe(); // for the ages, which the greeting does not tell
    this.flowing = true;
    this.listener.onFlowing(); // after polling too, which may have missed samples
  }

  private receive(data: unknown): void {
    this.heardAt = performance.now();
    this.attempts = 0;
    for (const frame of typeof data === "string" ? parseFrames(data) : []) {
      const key = frame.kind === "sample" ? frame.sample.channel : "status";
      const greeting = !this.greeted.has(key);
      this.greeted.add(key);
      this.listener.onFrame(frame, greeting);
    }
  }

  private lose(): void {
    this.dropSocket();
    if (this.stopped) return;
    if (this.state.transport === "live") {
      this.flowing = false;
      this.become("reconnecting", "The live stream has ended.");
    }
    this.retry = setTimeout(() => this.connect(), pauseBefore(this.attempts, this.wires.random));
    this.attempts += 1;
    if (!this.polling) {
      this.polling = true;
      void this.pollOnce();
    }
  }

  private dropSocket(): void {
    const socket = this.socket;
    this.socket = null;
    clearTimeout(this.opening);
    clearTimeout(this.watch);
    socket?.close();
  }

  private async pollOnce(): Promise<void> {
    const answer = await this.askMetrics();
    if (!this.polling) return;
    if (answer instanceof Error) {
      const transport = this.state.transport === "connecting" ? "connecting" : "reconnecting";
      // It goes on asking: a host is known once its collector has reported.
      this.become(isUnknownHost(answer) ? "unknown" : transport, answer.message);
      this.flowing = false;
    } else {
      this.become("polling", null);
      this.listener.onMetrics(answer);
      if (!this.flowing) {
        this.flowing = true;
        this.listener.onFlowing();
      }
    }
    const pause = Math.max(this.intervalMs(), SHORTEST_POLL_MS);
    this.poll = setTimeout(() => void this.pollOnce(), pause);
  }

  private stopPolling(): void {
    this.polling = false;
    clearTimeout(this.poll);
    this.request?.abort();
    this.request = null;
  }

  // A connection that is gone without a word looks like a collector that is silent. What /metrics
  // says tells them apart.
  private watchForSilence(): void {
    clearTimeout(this.watch);
    const silence = Math.max(SILENCE_MS, SILENT_INTERVALS * this.intervalMs());
    this.watch = setTimeout(() => {
      if (performance.now() - this.heardAt >= silence) void this.probe();
      this.watchForSilence();
    }, silence / 2);
  }

  private async probe(): Promise<void> {
    const socket = this.socket;
    const asked = performance.now();
    const answer = await this.askMetrics();
    if (this.stopped || socket === null || socket !== this.socket) return;
    if (answer instanceof Error) {
      // A socket that has spoken meanwhile is well, whatever became of the question.
      if (this.heardAt < asked && answer.name !== "AbortError") this.lose();
      return;
    }
    const news = this.listener.onMetrics(answer);
    if (news && asked - this.heardAt >= SILENCE_MS) this.lose();
  }

  private async askMetrics(): Promise<MetricsAnswer | Error> {
    const request = new AbortController();
    this.request = request;
    const patience = setTimeout(() => request.abort(), POLL_PATIENCE_MS);
    try {
      return await this.wires.fetchMetrics(request.signal);
    } catch (error) {
      return error instanceof Error ? error : new Error("The server does not answer.");
    } finally {
      clearTimeout(patience);
      if (this.request === request) this.request = null;
    }
  }

  private become(transport: Transport, problem: string | null): void {
    if (this.state.transport === transport && this.state.problem === problem) return;
    this.state = { transport, problem };
    this.listener.onState(this.state);
  }
}
