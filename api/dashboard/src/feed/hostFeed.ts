import type { Frame } from "../bus/frames";
import type { CollectorStatus } from "../bus/payload";
import type { MetricsResult } from "../bus/responses";
import { fetchFindings, fetchHistory, fetchMetrics, fetchMoments, streamAddress } from "../bus/rest";
import { Connection, type ConnectionState } from "../connection/connection";
import type { Socket } from "../connection/socketStream";
import { Backfill } from "../store/backfill";
import type { HostData } from "../store/host";
import { CatchUp } from "./catchUp";
import { FindingsFeed } from "./findingsFeed";
import { MomentsFeed } from "./momentsFeed";

export interface FeedListener {
  /** Called when the state of the connection has changed. */
  onState(): void;
  /** Called when any host's status has arrived. */
  onStatus(status: CollectorStatus): void;
  /** Called when the host's values might have changed. */
  onValues(): void;
  /** Called when samples from the history have been merged, or when the history could not be read. */
  onHistory(): void;
  /** Called when the host's findings have changed, or when they could not be read. */
  onFindings(): void;
  /** Called when the annotations, findings or runs in the visible span have changed or could not be read. */
  onMoments(): void;
}

/** Keeps one host's data up to date, with live samples from the connection and missed samples from the history. */
export class HostFeed {
  state: ConnectionState = { mode: "connecting", problem: null };
  /** Why the host's history is incomplete on this page, as a sentence; null if it is complete. */
  historyProblem: string | null = null;
  readonly findings: FindingsFeed;
  readonly moments: MomentsFeed;
  private readonly connection: Connection;
  private readonly missing: CatchUp;
  /** When /metrics last responded for this host, by the monotonic clock. */
  private metricsAt: number | undefined;

  constructor(
    readonly data: HostData,
    private readonly listener: FeedListener,
  ) {
    const onChange = (problem: string | null) => {
      this.historyProblem = problem;
      listener.onHistory();
    };
    this.missing = new CatchUp(data, new Backfill(data, { fetchHistory, random: Math.random, onChange }));
    this.findings = new FindingsFeed(data.name, {
      fetchFindings,
      random: Math.random,
      onChange: () => listener.onFindings(),
    });
    this.moments = new MomentsFeed(data.name, {
      fetchMoments,
      random: Math.random,
      onChange: () => listener.onMoments(),
    });
    this.connection = new Connection(
      {
        openSocket: () => new WebSocket(streamAddress(data.name, location.href)) as unknown as Socket,
        fetchMetrics: (signal) => fetchMetrics(data.name, signal),
        random: Math.random,
      },
      {
        onFrame: (frame) => this.onFrame(frame),
        onMetrics: (response) => this.onMetrics(response),
        onState: (state) => this.onState(state),
        onFlowing: () => this.catchUp(),
      },
      () => data.intervalMs,
    );
  }

  /** When /metrics last responded without an error, by the monotonic clock. */
  get respondedAt(): number {
    return this.connection.respondedAt;
  }

  start(): void {
    this.connection.start();
  }

  stop(): void {
    this.connection.stop();
    this.missing.stop();
    this.findings.stop();
    this.moments.stop();
  }

  wake(): void {
    this.connection.wake();
  }

  /** Fetch what the page has missed: samples, findings, annotations and runs. */
  catchUp(): void {
    this.findings.fetch();
    this.moments.fetch();
    this.missing.run(this.state.mode === "live");
  }

  private onState(state: ConnectionState): void {
    if (this.state.mode === "live") {
      this.missing.noteOutage();
      this.findings.noteOutage();
    }
    this.state = state;
    this.listener.onState();
  }

  private onFrame(frame: Frame): void {
    const at = performance.now();
    const { data } = this;
    this.findings.accept(frame);
    this.moments.accept(frame);
    if (frame.kind === "finding" || frame.kind === "annotation" || frame.kind === "run") return;
    if (frame.kind === "status") {
      if (frame.status.host === data.name) data.acceptStatus(frame.status, at);
      this.listener.onStatus(frame.status);
    } else if (frame.kind === "removed") {
      if (frame.host === data.name) data.remove(frame.channel);
    } else {
      const { sample, ageSeconds } = frame;
      const age = ageSeconds === null ? "live" : ageSeconds * 1000;
      const outcome = data.accept(sample, { at, wall: Date.now(), age });
      if (outcome === "covered" && age === "live") this.missing.fetchLate(sample.channel, sample.timestamp);
    }
    this.listener.onValues();
  }

  private onMetrics(response: MetricsResult): boolean {
    const at = performance.now();
    const { data, metricsAt: after } = this;
    this.metricsAt = at;
    let hasNews = false;
    for (const sample of response.samples) {
      const outcome = data.accept(sample, { at, wall: Date.now(), age: sample.ageSeconds * 1000, after });
      hasNews ||= outcome === "added";
    }
    if (response.state === "offline" && data.status && data.status.state !== "offline") {
      data.acceptStatus({ ...data.status, state: "offline" }, at);
    }
    this.listener.onValues();
    return hasNews;
  }
}
