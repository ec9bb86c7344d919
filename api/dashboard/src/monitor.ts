import type { MetricsAnswer } from "./bus/answers";
import { numberOf, type Frame, type Values } from "./bus/payload";
import { fetchHistory, fetchHosts, fetchMetrics, streamAddress } from "./bus/rest";
import { pauseBefore } from "./connection/backoff";
import { badgeOf, type Badge } from "./connection/badge";
import { Connection, type ConnectionState, type Socket } from "./connection/connection";
import { Backfill } from "./store/backfill";
import { Detail } from "./store/detail";
import type { Arrival, HostData } from "./store/host";
import { Hosts } from "./store/hosts";
import { Store } from "./store/store";
import { Cursor } from "./view/cursor";
import { Emitter } from "./view/emitter";
import { Frames } from "./view/frames";
import { Theme } from "./view/theme";
import { hashFromView, spanOf, viewFromHash, type View, type Zoom } from "./view/view";

const CATCH_UP_MS = 30_000;
const LATE_MS = 3_000;
const BADGE_MS = 500;
const MARGIN_INTERVALS = 3;
const NOTHING: Values = {};

/** What is shown of a host that is paused: the data and the clock as they were. */
interface Frozen {
  readonly data: HostData;
  readonly now: number;
  readonly wall: number;
}

/** Puts store, connection, history and view together; the components read from it. */
export class Monitor {
  readonly frames = new Frames();
  readonly badges = new Emitter();
  readonly cursor = new Cursor();
  readonly theme = new Theme();
  view: View = viewFromHash(location.hash);
  frozen: Frozen | null = null;
  badge: Badge = { kind: "connecting", label: "Connecting", detail: "Connecting to the server." };
  connection: ConnectionState = { transport: "connecting", problem: null };
  /** Why the past is missing, as a sentence. */
  historyProblem: string | null = null;
  readonly hosts = new Hosts({
    fetchHosts,
    isLive: () => this.connection.transport === "live",
    onChange: () => this.takeHosts(),
  });
  private readonly store = new Store();
  private readonly detail = new Detail({ fetchHistory, onChange: () => this.frames.invalidate() });
  private data: HostData | null = null;
  private link: Connection | null = null;
  private backfill: Backfill | null = null;
  /** From when on samples may be missing, by the collector's clock; null while none can be. */
  private missedFrom: number | null = -Infinity;
  private readonly drawn = { at: -Infinity, stale: 0 };
  private late: ReturnType<typeof setTimeout> | undefined;
  private resolving = 0;
  /** When the server answered last of the host that is shown, monotonic. */
  private metricsAt: number | undefined;
  /** The host that the server chose, where the address names none. */
  private preferred: string | null = null;
  private freezesNext = false;

  start(): void {
    this.frames.subscribe(() => {
      this.detail.show(this.data, this.view.zoom);
      this.drawn.at = performance.now();
      this.drawn.stale = this.staleChannels();
      this.judge();
    });
    setInterval(() => this.tick(), BADGE_MS);
    setInterval(() => {
      if (this.connection.transport === "polling") this.catchUp();
    }, CATCH_UP_MS);
    addEventListener("hashchange", () => this.readAddress());
    addEventListener("online", () => this.link?.wake());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.link?.wake();
    });
    void this.hosts.keep();
    if (this.view.host === null) void this.resolveHost(0);
    else this.open(this.view.host);
  }

  /** The host's data as it is shown: frozen while the view is paused. */
  get shown(): HostData | null {
    return this.frozen?.data ?? this.data;
  }

  /** What the charts draw: what is shown, or the finer history of a zoom. */
  get charted(): HostData | null {
    return this.detail.of(this.shown);
  }

  /** What the collector's clock shows, or showed when the view was paused. Unix ms. */
  get now(): number {
    return this.frozen?.now ?? this.data?.clock.at(Date.now()) ?? Date.now();
  }

  /** How many ms the collector's clock is ahead of this browser's. */
  get clockAhead(): number {
    return this.data?.clock.ahead ?? 0;
  }

  /** The GPU in the address, where the host has others and not that one. */
  get missingGpu(): string | null {
    const { gpu } = this.view;
    if (gpu === null || this.shown === null || this.shown.lastArrival === null) return null;
    const ids = this.shown.gpuIds;
    return ids.length === 0 || ids.includes(gpu) ? null : gpu;
  }

  /** The newest values of a channel; empty while there are none. */
  values(channel: string): Values {
    return this.shown?.newest.get(channel)?.values ?? NOTHING;
  }

  /** The newest number of a channel; null where it was not reported. */
  number(channel: string, field: string): number | null {
    return numberOf(this.values(channel)[field]);
  }

  /** Whether what is shown of a channel is older than it should be. */
  isStale(channel: string): boolean {
    return this.frozen === null && this.data !== null && this.data.isStale(channel, performance.now());
  }

  get span(): Zoom {
    return spanOf(this.view, this.now);
  }

  change(view: Partial<View>): void {
    const before = this.view;
    this.view = { ...before, ...view };
    const address = location.pathname + location.search + hashFromView(this.view);
    // The browser's Back leads to the host or GPU before; ranges and zooms would be in its way.
    const isElsewhere = this.view.host !== before.host || this.view.gpu !== before.gpu;
    if (isElsewhere) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
    this.follow(before.host);
  }

  /** Whether the view is frozen, or will be as soon as the host's past is there. */
  get isPaused(): boolean {
    return this.frozen !== null || this.freezesNext;
  }

  togglePause(): void {
    if (!this.isPaused) this.freeze();
    else this.frozen = null;
    this.freezesNext = false;
    this.frames.invalidate();
  }

  private freeze(): void {
    if (this.data) this.frozen = { data: this.data.freeze(), now: this.now, wall: Date.now() };
  }

  private readAddress(): void {
    const before = this.view.host;
    this.view = viewFromHash(location.hash);
    this.follow(before);
  }

  private follow(before: string | null): void {
    const host = this.view.host ?? this.preferred;
    if (host === null) void this.resolveHost(0);
    else if (host !== before) this.open(host);
    this.frames.invalidate();
  }

  // Without a host in the address the server chooses: the machine that it runs on, if it is watched.
  private async resolveHost(attempt: number): Promise<void> {
    const asked = (this.resolving += 1);
    try {
      const { host } = await fetchMetrics(null);
      if (asked !== this.resolving || this.view.host !== null) return;
      this.preferred = host;
      this.open(host);
    } catch (error) {
      if (asked !== this.resolving) return;
      if (this.link === null) this.setConnection({ transport: "connecting", problem: messageOf(error) });
      setTimeout(() => void this.resolveHost(attempt + 1), Math.min(pauseBefore(attempt, Math.random), 5_000));
    }
  }

  private open(name: string): void {
    if (this.data?.name === name) return;
    this.resolving += 1;
    this.link?.stop();
    this.backfill?.stop();
    clearTimeout(this.late);
    const data = this.store.host(name);
    this.data = data;
    this.metricsAt = undefined;
    this.freezesNext = this.isPaused;
    this.frozen = null;
    this.missedFrom = data.newestTimestamp ?? -Infinity;
    this.historyProblem = null;
    this.setConnection({ transport: "connecting", problem: null });
    const known = this.hosts.find(name)?.status;
    if (known && !data.status) data.acceptStatus(known, performance.now());
    this.backfill = new Backfill(data, {
      fetchHistory,
      random: Math.random,
      onChange: (problem) => {
        this.historyProblem = problem;
        if (this.freezesNext) this.freeze();
        this.freezesNext = false;
        this.frames.invalidate();
      },
    });
    this.link = new Connection(
      {
        openSocket: () => new WebSocket(streamAddress(name, location.href)) as unknown as Socket,
        fetchMetrics: (signal) => fetchMetrics(name, signal),
        random: Math.random,
      },
      {
        onFrame: (frame, greeting) => this.take(data, frame, greeting),
        onMetrics: (answer) => this.takeMetrics(data, answer),
        onState: (state) => this.setConnection(state),
        onFlowing: () => this.catchUp(),
      },
      () => data.intervalMs,
    );
    this.link.start();
  }

  private take(data: HostData, frame: Frame, greeting: boolean): void {
    const at = performance.now();
    if (frame.kind === "status") {
      const { status } = frame;
      if (status.host === data.name) data.acceptStatus(status, at);
      this.hosts.note(status);
    } else {
      const arrival: Arrival = { at, wall: Date.now(), age: greeting ? "greeting" : "live" };
      const outcome = data.accept(frame.sample, arrival);
      if (outcome === "covered" && !greeting) this.fetchLate(data, frame.sample.channel, frame.sample.timestamp);
    }
    this.changed();
  }

  private takeMetrics(data: HostData, answer: MetricsAnswer): boolean {
    const at = performance.now();
    const after = this.metricsAt;
    this.metricsAt = at;
    let news = false;
    for (const sample of answer.samples) {
      const outcome = data.accept(sample, { at, wall: Date.now(), age: sample.ageSeconds * 1000, after });
      news ||= outcome === "added";
    }
    if (answer.state === "offline" && data.status?.state !== "offline" && data.status) {
      data.acceptStatus({ ...data.status, state: "offline" }, at);
    }
    this.changed();
    return news;
  }

  private takeHosts(): void {
    const status = this.hosts.find(this.data?.name)?.status;
    if (status && this.connection.transport !== "live") this.data?.acceptStatus(status, performance.now());
    this.frames.invalidate();
  }

  private setConnection(state: ConnectionState): void {
    if (this.connection.transport === "live" && state.transport !== "live") this.noteMissing();
    this.connection = state;
    this.judge();
    this.frames.invalidate();
  }

  private noteMissing(): void {
    const newest = this.data?.newestTimestamp;
    if (this.data === null || newest == null) return;
    const margin = MARGIN_INTERVALS * this.data.intervalMs;
    this.missedFrom = Math.min(this.missedFrom ?? Infinity, newest - margin);
  }

  private catchUp(): void {
    if (this.missedFrom === null) return;
    this.backfill?.fill(this.missedFrom);
    // Polling skips a sample now and then: until the stream is back there is something to catch up.
    if (this.connection.transport === "live") this.missedFrom = null;
  }

  // A late sample inside a bucket cannot be added to its mean here; the history can say the new one.
  private fetchLate(data: HostData, channel: string, timestamp: number): void {
    const from = data.series.get(channel)?.bucketStart(timestamp) ?? timestamp;
    clearTimeout(this.late);
    this.late = setTimeout(() => this.backfill?.fill(from), LATE_MS);
  }

  private changed(): void {
    if (this.frozen === null) this.frames.gather();
  }

  private tick(): void {
    this.judge();
    const { at, stale } = this.drawn;
    if (this.staleChannels() !== stale) this.frames.invalidate();
    // Time goes on where no sample comes, and then a growing gap is to be seen.
    if (this.frozen === null && performance.now() - at > 2 * (this.data?.intervalMs ?? 0)) this.frames.gather();
  }

  private staleChannels(): number {
    let count = 0;
    for (const channel of this.data?.newest.keys() ?? []) if (this.isStale(channel)) count += 1;
    return count;
  }

  private judge(): void {
    const badge = badgeOf(this.connection, this.data, {
      at: performance.now(),
      wall: Date.now(),
      answeredAt: this.link?.answeredAt ?? -Infinity,
      isListed: this.hosts.find(this.data?.name) !== undefined,
    });
    const { kind } = this.badge;
    const same = badge.kind === kind && badge.label === this.badge.label;
    if (same && badge.detail === this.badge.detail) return;
    this.badge = badge;
    this.badges.emit();
    if (badge.kind === kind) return;
    this.frames.invalidate(); // what dims does so with the badge
    if (this.connection.transport === "unknown" && badge.kind === "offline") this.catchUp(); // it has a past
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "The server does not answer.";
}
