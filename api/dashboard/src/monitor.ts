import { numberOf, type Values } from "./bus/payload";
import { fetchHistory, fetchHosts } from "./bus/rest";
import { badgeOf, type Badge } from "./connection/badge";
import type { ConnectionState } from "./connection/connection";
import { CurrentBadge } from "./connection/currentBadge";
import { ActiveHost } from "./feed/activeHost";
import { Detail } from "./store/detail";
import type { HostData } from "./store/host";
import { Hosts } from "./store/hosts";
import { Address } from "./view/address";
import { Cursor } from "./view/cursor";
import { Frames } from "./view/frames";
import { Pause, type Frozen } from "./view/pause";
import { Theme } from "./view/theme";
import { spanOf, type View, type Zoom } from "./view/view";

const TICK_MS = 500;
const NOTHING: Values = {};

/** The page's state: components read from it, and are drawn again with its frames. */
export class Monitor {
  readonly frames = new Frames();
  readonly badges = new CurrentBadge();
  readonly cursor = new Cursor();
  readonly theme = new Theme();
  readonly hosts = new Hosts({
    fetchHosts,
    isLive: () => this.connection.mode === "live",
    onChange: () => this.onHosts(),
  });
  private readonly active = new ActiveHost({
    onOpen: (data) => this.onOpen(data),
    onState: () => this.onState(),
    onStatus: (status) => this.hosts.note(status),
    onValues: () => this.onValues(),
    onHistory: () => this.onHistory(),
  });
  private readonly address = new Address(() => {
    this.active.show(this.view.host);
    this.frames.invalidate();
  });
  private readonly pause = new Pause();
  private readonly detail = new Detail({ fetchHistory, onChange: () => this.frames.invalidate() });
  private readonly drawn = { at: -Infinity, staleChannels: 0 };

  start(): void {
    this.frames.subscribe(() => this.onFrame());
    setInterval(() => this.tick(), TICK_MS);
    this.address.start();
    void this.hosts.keep();
    this.active.start(this.view.host);
  }

  get view(): View {
    return this.address.view;
  }

  get badge(): Badge {
    return this.badges.badge;
  }

  get connection(): ConnectionState {
    return this.active.connection;
  }

  /** Why the past is incomplete, as a sentence. */
  get historyProblem(): string | null {
    return this.active.feed?.historyProblem ?? null;
  }

  get frozen(): Frozen | null {
    return this.pause.frozen;
  }

  /** Whether the view is frozen, or will be once the host's history has arrived. */
  get isPaused(): boolean {
    return this.pause.isOn;
  }

  /** The data that is shown: frozen while the view is paused. */
  get shown(): HostData | null {
    return this.frozen?.data ?? this.data;
  }

  /** The data that the charts draw: `shown`, or the finer history of a zoom. */
  get charted(): HostData | null {
    return this.detail.of(this.shown);
  }

  /** The time by the collector's clock, or when the view was paused. Unix ms. */
  get now(): number {
    return this.frozen?.now ?? this.data?.clock.at(Date.now()) ?? Date.now();
  }

  /** How many ms the collector's clock is ahead of this browser's. */
  get clockAhead(): number {
    return this.data?.clock.ahead ?? 0;
  }

  get span(): Zoom {
    return spanOf(this.view, this.now);
  }

  /** The GPU in the address, if the host has other GPUs but not that one. */
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

  isStale(channel: string): boolean {
    return this.frozen === null && this.data !== null && this.data.isStale(channel, performance.now());
  }

  change(view: Partial<View>): void {
    this.address.change(view);
  }

  togglePause(): void {
    this.pause.toggle(this.data);
    this.frames.invalidate();
  }

  private get data(): HostData | null {
    return this.active.feed?.data ?? null;
  }

  private onOpen(data: HostData): void {
    this.pause.changeHost();
    const known = this.hosts.find(data.name)?.status;
    if (known && !data.status) data.acceptStatus(known, performance.now());
    this.onState();
  }

  private onState(): void {
    this.updateBadge();
    this.frames.invalidate();
  }

  private onHosts(): void {
    const status = this.hosts.find(this.data?.name)?.status;
    if (status && this.connection.mode !== "live") this.data?.acceptStatus(status, performance.now());
    this.frames.invalidate();
  }

  private onValues(): void {
    if (this.frozen === null) this.frames.gather();
  }

  private onHistory(): void {
    this.pause.settle(this.data);
    this.frames.invalidate();
  }

  private onFrame(): void {
    this.detail.show(this.data, this.view.zoom);
    this.drawn.at = performance.now();
    this.drawn.staleChannels = this.countStale();
    this.updateBadge();
  }

  private tick(): void {
    this.updateBadge();
    if (this.countStale() !== this.drawn.staleChannels) this.frames.invalidate();
    // Time passes without samples too: a growing gap is drawn.
    const since = performance.now() - this.drawn.at;
    if (this.frozen === null && since > 2 * (this.data?.intervalMs ?? 0)) this.frames.gather();
  }

  private countStale(): number {
    let count = 0;
    for (const channel of this.data?.newest.keys() ?? []) if (this.isStale(channel)) count += 1;
    return count;
  }

  private updateBadge(): void {
    const badge = badgeOf(this.connection, this.data, {
      at: performance.now(),
      wall: Date.now(),
      answeredAt: this.active.feed?.answeredAt ?? -Infinity,
      isListed: this.hosts.find(this.data?.name) !== undefined,
    });
    if (!this.badges.update(badge)) return;
    this.frames.invalidate(); // some panels dim with the badge
    // The server has not received anything from the host, but has its history.
    if (this.connection.mode === "unknown" && badge.kind === "offline") this.active.feed?.catchUp();
  }
}
