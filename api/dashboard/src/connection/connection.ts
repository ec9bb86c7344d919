import type { Frame } from "../bus/frames";
import type { MetricsResult } from "../bus/responses";
import { isUnknownHost } from "../bus/rest";
import { pauseBefore } from "./backoff";
import { Poller } from "./poller";
import { type Socket, SocketStream } from "./socketStream";
import { StallDetector } from "./stallDetector";

/**
 * - connecting: the server has not responded yet.
 * - live: the WebSocket is open, and the server knows the host.
 * - polling: the WebSocket is not open, but /metrics responds.
 * - reconnecting: the WebSocket has closed, /metrics has failed, or a restarted server does not know the host yet. The
 *   page keeps trying to connect.
 * - unknown: the server has responded that it does not know the host.
 */
export type ConnectionMode = "connecting" | "live" | "polling" | "reconnecting" | "unknown";

export interface ConnectionState {
  readonly mode: ConnectionMode;
  /** Why there is no connection, as a sentence; null if no problem has occurred. */
  readonly problem: string | null;
}

/** How a connection reaches the server, and where it gets random numbers. */
export interface Transport {
  openSocket(): Socket;
  fetchMetrics(signal: AbortSignal): Promise<MetricsResult>;
  random(): number;
}

export interface ConnectionListener {
  onFrame(frame: Frame): void;
  /** Returns whether the response contained a new sample. */
  onMetrics(response: MetricsResult): boolean;
  onState(state: ConnectionState): void;
  /** Called when samples start to arrive, and whenever the connection recovers: missed samples can now be fetched. */
  onFlowing(): void;
}

const MAX_PAUSE_POLLING_MS = 10_000;
const PROBE_TIMEOUT_MS = 2_000;
// After HTTP has brought a new sample, a healthy stream brings a message within this time.
const GRACE_MS = 1_000;
// After a restart, the server knows a host once its collector has reconnected to the broker, usually within this time.
const RESTART_MS = 10_000;

/** Receives the samples of one host over a WebSocket. While the WebSocket is down, polls /metrics instead. */
export class Connection {
  private readonly poller: Poller;
  private readonly stall: StallDetector;
  private state: ConnectionState = { mode: "connecting", problem: null };
  private stream: SocketStream | null = null;
  private attempts = 0;
  private isFlowing = false;
  private hasFlowed = false;
  private unknownSince: number | null = null;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private isStopped = true;

  /** `intervalMs` returns the host's sampling interval. It is called for each poll, because the interval can change. */
  constructor(
    private readonly transport: Transport,
    private readonly listener: ConnectionListener,
    intervalMs: () => number,
  ) {
    this.poller = new Poller({
      fetchMetrics: (signal) => transport.fetchMetrics(signal),
      intervalMs,
      onPolled: (response) => {
        if (response instanceof Error) this.onPollFailed(response);
        else this.onPolled(response);
      },
    });
    this.stall = new StallDetector(
      () => this.stream?.silentMs ?? 0,
      intervalMs,
      () => void this.probe(),
    );
  }

  /** When /metrics last responded without an error, by the monotonic clock. */
  get respondedAt(): number {
    return this.poller.respondedAt;
  }

  start(): void {
    this.isStopped = false;
    this.connect();
  }

  stop(): void {
    this.isStopped = true;
    this.closeStream();
    clearTimeout(this.retry);
    this.poller.stop();
  }

  /**
   * Connect immediately or, if the connection is open, check it.
   *
   * Called when the page becomes visible again or the network is back.
   */
  wake(): void {
    if (this.isStopped) return;
    if (this.stream === null) {
      clearTimeout(this.retry);
      this.attempts = 0;
      this.connect();
    } else if (this.state.mode === "live") {
      void this.probe();
    }
  }

  private connect(): void {
    this.stream = new SocketStream({
      // An open socket is not live yet: the server may not know the host.
      onOpen: () => void this.probe(),
      onMessage: (frames, silentMs) => this.onMessage(frames, silentMs),
      onClose: () => this.onClose(),
    });
    this.stream.open(() => this.transport.openSocket());
  }

  private onMessage(frames: readonly Frame[], silentMs: number): void {
    this.attempts = 0;
    for (const frame of frames) this.listener.onFrame(frame);
    if (this.stream?.hasReceived) this.goLive();
    if (this.stall.isStalled(silentMs)) this.stall.start();
  }

  private goLive(): void {
    if (this.state.mode === "live") return;
    this.poller.stop();
    this.unknownSince = null;
    this.setState("live", null);
    this.stall.start();
    this.flow(); // after polling too, because polling may have missed samples
  }

  private flow(): void {
    this.isFlowing = true;
    this.hasFlowed = true;
    this.listener.onFlowing();
  }

  private onClose(problem = "The live stream has ended."): void {
    this.closeStream();
    if (this.isStopped) return;
    if (this.state.mode === "live") {
      this.isFlowing = false;
      this.setState("reconnecting", problem);
    }
    this.retryLater();
    this.poller.start();
  }

  private retryLater(): void {
    clearTimeout(this.retry);
    const longest = this.state.mode === "polling" ? MAX_PAUSE_POLLING_MS : undefined;
    this.retry = setTimeout(() => this.connect(), pauseBefore(this.attempts, this.transport.random, longest));
    this.attempts += 1;
  }

  private closeStream(): void {
    this.stream?.close();
    this.stream = null;
    this.stall.stop();
  }

  private onPolled(response: MetricsResult): void {
    if (this.stream?.isOpen) {
      this.listener.onMetrics(response);
      this.goLive();
      return;
    }
    this.unknownSince = null;
    this.setState("polling", null);
    this.listener.onMetrics(response);
    if (this.isFlowing) return;
    this.flow();
    // The server is back: retry soon instead of after the rest of a long pause.
    if (this.stream === null && this.attempts > 1) {
      this.attempts = 0;
      this.retryLater();
    }
  }

  private onPollFailed(problem: Error): void {
    this.isFlowing = false;
    if (isUnknownHost(problem)) this.onUnknownHost(problem);
    else this.onTimeout(problem);
  }

  private onTimeout(problem: Error): void {
    this.unknownSince = null;
    this.setState(this.state.mode === "connecting" ? "connecting" : "reconnecting", problem.message);
    if (this.stream?.isOpen) this.onClose();
  }

  // Polling continues, because the server will know the host once its collector has reported.
  private onUnknownHost(problem: Error): void {
    const now = performance.now();
    this.unknownSince ??= now;
    if (this.hasFlowed && now - this.unknownSince < RESTART_MS) {
      this.setState("reconnecting", "The server is responding, but has not received anything from this host yet.");
    } else {
      this.setState("unknown", problem.message);
    }
    this.poller.start();
  }

  // On the stream, a broken connection looks like a silent collector. The response of /metrics tells them apart.
  private async probe(): Promise<void> {
    const { stream } = this;
    if (stream === null) return;
    const startedAt = performance.now();
    const wasStalled = this.stall.isStalled();
    const response = await this.poller.fetchOnce(wasStalled ? PROBE_TIMEOUT_MS : undefined);
    if (this.isStopped || stream !== this.stream) return;
    if (response instanceof Error) {
      // A stream that has received a message since the probe began is healthy, even if the probe failed.
      if (stream.receivedAt >= startedAt && stream.hasReceived) return;
      if (isUnknownHost(response)) this.onPollFailed(response);
      else this.onClose(response.message);
      return;
    }
    const hasNews = this.listener.onMetrics(response);
    this.goLive();
    if (!(hasNews && wasStalled)) return;
    setTimeout(() => {
      if (stream === this.stream && stream.receivedAt < startedAt) this.onClose();
    }, GRACE_MS);
  }

  private setState(mode: ConnectionMode, problem: string | null): void {
    if (this.state.mode === mode && this.state.problem === problem) return;
    this.state = { mode, problem };
    this.listener.onState(this.state);
  }
}
