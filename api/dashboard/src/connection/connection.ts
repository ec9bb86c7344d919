import type { MetricsAnswer } from "../bus/answers";
import { parseFrames, type Frame } from "../bus/payload";
import { isUnknownHost } from "../bus/rest";
import { pauseBefore } from "./backoff";
import { Questions } from "./questions";

/**
 * connecting: nothing has answered yet. live: the WebSocket is open, and the server has heard of the
 * host. polling: it is not, and /metrics answers. reconnecting: neither does. unknown: the server
 * answers that it has not heard of the host.
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
const LONGEST_PAUSE_POLLING_MS = 10_000;
// After so many intervals without a word the socket is asked about: before its samples are stale.
const QUIET_INTERVALS = 1.5;
const SHORTEST_QUIET_MS = 1_000;
// A collector reports its status every 10 s, so that a healthy socket is never silent for longer.
const LONGEST_QUIET_MS = 12_000;
const PROBE_PATIENCE_MS = 2_000;
// What HTTP has, a healthy socket brings at about the same time.
const GRACE_MS = 1_000;
// A server that was started anew hears of a host once its collector has found the broker again.
const RESTART_MS = 10_000;

/** One host's live stream: the WebSocket while it can be had, /metrics in the meantime. */
export class Connection {
  private readonly questions: Questions;
  private state: ConnectionState = { transport: "connecting", problem: null };
  private socket: Socket | null = null;
  private isOpen = false;
  private greeted = new Set<string>();
  private attempts = 0;
  private flowing = false;
  private hasFlowed = false;
  private heardAt = 0;
  private unheardSince: number | null = null;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private opening: ReturnType<typeof setTimeout> | undefined;
  private watch: ReturnType<typeof setTimeout> | undefined;
  private stopped = true;

  /** `intervalMs` is asked anew for each poll: the host's interval may change. */
  constructor(
    private readonly wires: Wires,
    private readonly listener: Listener,
    private readonly intervalMs: () => number,
  ) {
    this.questions = new Questions({
      fetchMetrics: (signal) => wires.fetchMetrics(signal),
      intervalMs,
      onPolled: (answer) => {
        if (answer instanceof Error) this.miss(answer);
        else this.takePolled(answer);
      },
    });
  }

  /** When the server answered over HTTP last, monotonic. */
  get answeredAt(): number {
    return this.questions.answeredAt;
  }

  start(): void {
    this.stopped = false;
    this.connect();
  }

  stop(): void {
    this.stopped = true;
    this.dropSocket();
    clearTimeout(this.retry);
    this.questions.stop();
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
      if (socket === this.socket) this.hear(event.data);
    };
    socket.onclose = () => {
      if (socket === this.socket) this.lose();
    };
    this.opening = setTimeout(() => this.lose(), OPENING_MS);
  }

  // It may be open for a host of which the server has not heard: live is what has brought something.
  private opened(): void {
    clearTimeout(this.opening);
    this.isOpen = true;
    this.heardAt = performance.now();
    void this.probe(); // for the ages too, which the greeting does not tell
  }

  private hear(data: unknown): void {
    const wasQuiet = this.silence >= this.quietMs;
    this.receive(data);
    if (this.greeted.size > 0) this.goLive();
    if (wasQuiet) this.watchForSilence();
  }

  private goLive(): void {
    if (this.state.transport === "live") return;
    this.questions.stop();
    this.unheardSince = null;
    this.become("live", null);
    this.watchForSilence();
    this.flow(); // after polling too, which may have missed samples
  }

  private flow(): void {
    this.flowing = true;
    this.hasFlowed = true;
    this.listener.onFlowing();
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

  private lose(problem = "The live stream has ended."): void {
    this.dropSocket();
    if (this.stopped) return;
    if (this.state.transport === "live") {
      this.flowing = false;
      this.become("reconnecting", problem);
    }
    this.retryLater();
    this.questions.start();
  }

  private retryLater(): void {
    clearTimeout(this.retry);
    const longest = this.state.transport === "polling" ? LONGEST_PAUSE_POLLING_MS : undefined;
    this.retry = setTimeout(() => this.connect(), pauseBefore(this.attempts, this.wires.random, longest));
    this.attempts += 1;
  }

  private dropSocket(): void {
    const socket = this.socket;
    this.socket = null;
    this.isOpen = false;
    clearTimeout(this.opening);
    clearTimeout(this.watch);
    socket?.close();
  }

  private takePolled(answer: MetricsAnswer): void {
    if (this.isOpen) {
      this.listener.onMetrics(answer);
      this.goLive();
      return;
    }
    this.unheardSince = null;
    this.become("polling", null);
    this.listener.onMetrics(answer);
    if (this.flowing) return;
    this.flow();
    // The server is back: what is left of a long pause is not waited for.
    if (this.socket === null && this.attempts > 1) {
      this.attempts = 0;
      this.retryLater();
    }
  }

  // It goes on asking: the server hears of a host once its collector has reported.
  private miss(problem: Error): void {
    this.flowing = false;
    if (!isUnknownHost(problem)) {
      this.unheardSince = null;
      this.become(this.state.transport === "connecting" ? "connecting" : "reconnecting", problem.message);
      if (this.isOpen) this.lose();
      return;
    }
    const now = performance.now();
    this.unheardSince ??= now;
    if (this.hasFlowed && now - this.unheardSince < RESTART_MS) {
      this.become("reconnecting", "The server answers, but has heard nothing of this host yet.");
    } else {
      this.become("unknown", problem.message);
    }
    this.questions.start();
  }

  private get silence(): number {
    return performance.now() - this.heardAt;
  }

  private get quietMs(): number {
    return Math.min(Math.max(QUIET_INTERVALS * this.intervalMs(), SHORTEST_QUIET_MS), LONGEST_QUIET_MS);
  }

  // A connection that is gone without a word looks like a collector that is silent. What /metrics
  // says tells them apart; of a collector that stays silent it is asked less and less often.
  private watchForSilence(): void {
    clearTimeout(this.watch);
    const { silence, quietMs } = this;
    const pause = silence < quietMs ? quietMs - silence : Math.min(silence, LONGEST_QUIET_MS);
    this.watch = setTimeout(() => {
      if (this.silence >= this.quietMs) void this.probe();
      this.watchForSilence();
    }, pause);
  }

  private async probe(): Promise<void> {
    const socket = this.socket;
    const asked = performance.now();
    const wasQuiet = this.silence >= this.quietMs;
    const answer = await this.questions.ask(wasQuiet ? PROBE_PATIENCE_MS : undefined);
    if (this.stopped || socket === null || socket !== this.socket) return;
    if (answer instanceof Error) {
      // A socket that has spoken meanwhile is well, whatever became of the question.
      if (this.heardAt >= asked && this.greeted.size > 0) return;
      if (isUnknownHost(answer)) this.miss(answer);
      else this.lose(answer.message);
      return;
    }
    const news = this.listener.onMetrics(answer);
    this.goLive();
    if (!news || !wasQuiet) return;
    setTimeout(() => {
      if (socket === this.socket && this.heardAt < asked) this.lose();
    }, GRACE_MS);
  }

  private become(transport: Transport, problem: string | null): void {
    if (this.state.transport === transport && this.state.problem === problem) return;
    this.state = { transport, problem };
    this.listener.onState(this.state);
  }
}
