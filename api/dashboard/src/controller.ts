import { untracked } from "@preact/signals";
import { fetchHosts } from "./bus/rest";
import { badgeOf } from "./connection/badge";
import { ActiveHost } from "./feed/activeHost";
import { Monitor } from "./monitor";
import { NO_FINDINGS } from "./store/findings";
import type { HostData } from "./store/host";
import { Hosts } from "./store/hosts";
import { NO_MOMENTS } from "./store/moments";
import { fittingRange } from "./view/ranges";

const TICK_MS = 500;

/** Updates the page's state when data arrives from the server, and twice a second. */
export class Controller {
  readonly monitor: Monitor;
  private readonly active = new ActiveHost({
    onOpen: (data) => this.onOpen(data),
    onState: () => this.onState(),
    onStatus: (status) => this.monitor.hosts.note(status),
    onValues: () => this.onValues(),
    onHistory: () => this.onHistory(),
    onFindings: () => this.onFindings(),
    onMoments: () => this.onMoments(),
  });
  private drawnAt = -Infinity;
  private drawnStale = 0;

  constructor() {
    const hosts = new Hosts({
      fetchHosts,
      isLive: () => this.active.connection.mode === "live",
      onChange: () => this.onHosts(),
    });
    this.monitor = new Monitor(hosts);
  }

  start(): void {
    const { address, frames, hosts } = this.monitor;
    frames.count.subscribe(() => this.onFrame());
    setInterval(() => this.tick(), TICK_MS);
    address.start();
    void hosts.poll();
    this.active.start();
    address.view.subscribe(({ host }) => {
      this.active.show(host);
      frames.invalidate();
    });
  }

  private get data(): HostData | null {
    return this.monitor.current.data.peek();
  }

  private onOpen(data: HostData): void {
    const { current, pause, hosts } = this.monitor;
    pause.changeHost();
    current.data.value = data;
    this.onFindings();
    this.onMoments();
    const known = hosts.find(data.name)?.status;
    if (known && !data.status) data.acceptStatus(known, performance.now());
    this.onState();
  }

  private onState(): void {
    const { current, frames } = this.monitor;
    current.connection.value = this.active.connection;
    current.historyProblem.value = this.active.feed?.historyProblem ?? null;
    this.updateBadge();
    frames.invalidate();
  }

  private onHosts(): void {
    const { hosts, frames } = this.monitor;
    const status = hosts.find(this.data?.name)?.status;
    if (status && this.active.connection.mode !== "live") this.data?.acceptStatus(status, performance.now());
    frames.invalidate();
  }

  private onValues(): void {
    const { frames, pause } = this.monitor;
    if (pause.frozen.peek() === null) frames.gather();
  }

  private onHistory(): void {
    const { current, frames, pause } = this.monitor;
    current.historyProblem.value = this.active.feed?.historyProblem ?? null;
    pause.settle(this.data);
    frames.invalidate();
  }

  private onFindings(): void {
    this.monitor.current.findings.value = this.active.feed?.findings.state ?? NO_FINDINGS;
  }

  private onMoments(): void {
    const { current, frames } = this.monitor;
    const feed = this.active.feed?.moments;
    current.moments.value = feed?.moments ?? NO_MOMENTS;
    current.momentsProblem.value = feed?.problem ?? null;
    frames.invalidate();
  }

  private onFrame(): void {
    this.drawnAt = performance.now();
    this.drawnStale = this.countStale();
    this.updateBadge();
    const { monitor, data } = this;
    const [span, now, ranges] = untracked(() => [monitor.span, monitor.now, monitor.ranges] as const);
    this.active.feed?.moments.show(span, now);
    monitor.past.show(data?.name ?? null, monitor.hosts.keptMs.peek(), now);
    const newest = data?.newestTimestamp ?? monitor.past.known.peek()?.times.at(-1) ?? null;
    monitor.fittingRange.value = fittingRange({ oldest: data?.oldestTimestamp ?? null, newest }, now, ranges);
  }

  private tick(): void {
    const { frames, pause } = this.monitor;
    this.updateBadge();
    if (this.countStale() !== this.drawnStale) frames.invalidate();
    // Draw even if no samples arrive, because the gap at the end of the charts grows.
    const since = performance.now() - this.drawnAt;
    if (pause.frozen.peek() === null && since > 2 * (this.data?.intervalMs ?? 0)) frames.gather();
  }

  private countStale(): number {
    if (this.monitor.pause.frozen.peek() !== null || this.data === null) return 0;
    const now = performance.now();
    let count = 0;
    for (const channel of this.data.newest.keys()) if (this.data.isStale(channel, now)) count += 1;
    return count;
  }

  private updateBadge(): void {
    const { current, hosts, frames } = this.monitor;
    const before = current.badge.peek();
    const badge = badgeOf(this.active.connection, this.data, {
      at: performance.now(),
      wall: Date.now(),
      respondedAt: this.active.feed?.respondedAt ?? -Infinity,
      isListed: hosts.find(this.data?.name) !== undefined,
    });
    if (badge.kind === before.kind && badge.label === before.label && badge.detail === before.detail) return;
    current.badge.value = badge;
    if (badge.kind === before.kind) return;
    frames.invalidate(); // some panels are dimmed depending on the badge
    // The server has received nothing from the host so far, but the history may have samples of the host.
    if (this.active.connection.mode === "unknown" && badge.kind === "offline") this.active.feed?.catchUp();
  }
}
