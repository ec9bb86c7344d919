import { computed, signal, untracked } from "@preact/signals";
import type { Annotation } from "./bus/moments";
import { type GlancedHost, glancedWithout } from "./bus/overview";
import { type Finding, numberOf, type Values } from "./bus/payload";
import { fetchHistory, fetchOverview, fetchPast } from "./bus/rest";
import { CLOCK } from "./charts/timeAxis";
import type { Badge } from "./connection/badge";
import type { ConnectionState } from "./connection/connection";
import { OverviewFeed } from "./feed/overviewFeed";
import { Detail } from "./store/detail";
import { type FindingsState, NO_FINDINGS, withoutMuted, worstFirst } from "./store/findings";
import type { HostData } from "./store/host";
import type { Hosts } from "./store/hosts";
import { combined, type Moments, NO_MOMENTS } from "./store/moments";
import { PastFeed } from "./store/past";
import { Address } from "./view/address";
import { Frames } from "./view/frames";
import { OpenHints } from "./view/hint";
import { Muted } from "./view/muted";
import { type Frozen, Pause } from "./view/pause";
import { type Range, rangeMs, rangesWithin } from "./view/ranges";
import { Theme } from "./view/theme";
import { DEFAULT_RANGE, type Span, spanOf, type View } from "./view/view";

const NOTHING: Values = {};
const CONNECTING: Badge = { kind: "connecting", label: "Connecting", detail: "Connecting to the server." };

/**
 * The state of the page. The controller and the components change it, and the components read it.
 *
 * A component that reads the state with `useValue` or `useReading` (view/hooks.ts) is updated when the state changes.
 */
export class Monitor {
  readonly address = new Address();
  readonly theme = new Theme();
  readonly pause = new Pause();
  readonly hints = new OpenHints();
  readonly muted = new Muted();
  readonly times = CLOCK;
  readonly frames = new Frames(() => this.onFrame());
  /** The time of the cursor in all charts, by the collector's clock; null while there is no cursor. */
  readonly cursor = signal<number | null>(null);
  /** The range that the page chooses if the address contains none. */
  readonly fittingRange = signal<Range>(DEFAULT_RANGE);
  /** The time that the user is annotating; null while the form is closed. */
  readonly annotating = signal<number | null>(null);
  readonly current = {
    /** The host's live data, which keeps changing even while the view is paused. */
    data: signal<HostData | null>(null),
    connection: signal<ConnectionState>({ mode: "connecting", problem: null }),
    badge: signal<Badge>(CONNECTING),
    findings: signal<FindingsState>(NO_FINDINGS),
    moments: signal<Moments>(NO_MOMENTS),
    /** Why `moments` cannot be read, as a sentence; null if they can be read. */
    momentsProblem: signal<string | null>(null),
    /** Why the host's history is incomplete on this page, as a sentence; null if it is complete. */
    historyProblem: signal<string | null>(null),
  };
  readonly past = new PastFeed({ fetchPast, random: Math.random });
  readonly detail = new Detail({ fetchHistory, random: Math.random, onChange: () => this.frames.invalidate() });

  readonly overview = new OverviewFeed({ fetchOverview });
  private readonly audible = computed(() =>
    withoutMuted(this.current.findings.value, (finding) => this.muted.has(finding)),
  );
  private readonly glanced = computed(
    () => this.overview.hosts.value?.map((host) => glancedWithout(host, (each) => this.muted.has(each))) ?? null,
  );

  constructor(readonly hosts: Hosts) {}

  get view(): View {
    return this.address.view.value;
  }

  get badge(): Badge {
    return this.current.badge.value;
  }

  get connection(): ConnectionState {
    return this.current.connection.value;
  }

  /**
   * The live findings of the displayed host, except muted ones.
   *
   * They keep changing even while the view is paused.
   */
  get findings(): FindingsState {
    return this.audible.value;
  }

  /** The muted active findings of the displayed host. */
  get mutedFindings(): Finding[] {
    return worstFirst(this.current.findings.value).filter((finding) => this.muted.has(finding));
  }

  /** The newest overview of the hosts, without muted findings; null until the first overview has arrived. */
  get glances(): readonly GlancedHost[] | null {
    return this.glanced.value;
  }

  /** The annotations, findings and runs of the host in the displayed span. */
  get moments(): Moments {
    return this.current.moments.value;
  }

  get momentsProblem(): string | null {
    return this.current.momentsProblem.value;
  }

  get historyProblem(): string | null {
    return this.current.historyProblem.value;
  }

  get frozen(): Frozen | null {
    return this.pause.frozen.value;
  }

  /** The displayed data: the live data or, while the view is paused, a copy from when it was paused. */
  get shown(): HostData | null {
    return this.frozen?.data ?? this.data;
  }

  /** The data in the charts: the history that was fetched for their span or, if there is none, `shown`. */
  get charted(): HostData | null {
    return this.detail.of(this.shown);
  }

  /** The current time in Unix ms, by the collector's clock. It does not advance while the view is paused. */
  get now(): number {
    return this.frozen?.now ?? this.data?.clock.at(Date.now()) ?? Date.now();
  }

  /** How many ms the collector's clock is ahead of this browser's clock. */
  get clockAhead(): number {
    return this.data?.clock.ahead ?? 0;
  }

  get span(): Span {
    return spanOf(this.view, this.now, this.fittingRange.value);
  }

  /** The length of the displayed span if it ends now; null if the user has zoomed to a span. */
  get range(): Range | null {
    return this.view.zoom ? null : (this.view.range ?? this.fittingRange.value);
  }

  /** The lengths that the user can choose for a span that ends now. */
  get ranges(): readonly Range[] {
    return rangesWithin(this.hosts.keptMs.value ?? 0);
  }

  /** The longest of `ranges`, in ms. */
  get longest(): number {
    return Math.max(...this.ranges.map(rangeMs));
  }

  /**
   * The GPU displayed in detail; null if the host has no GPU.
   *
   * This is the GPU in the address, or the host's first GPU if the address contains no GPU of this host.
   */
  get selectedGpu(): string | null {
    const ids = this.shown?.gpuIds ?? [];
    const { gpu } = this.view;
    return gpu !== null && ids.includes(gpu) ? gpu : (ids[0] ?? null);
  }

  /** The GPU in the address if the host has GPUs but not this one; otherwise null. */
  get missingGpu(): string | null {
    const { gpu } = this.view;
    if (gpu === null || this.shown === null || this.shown.lastArrival === null) return null;
    const ids = this.shown.gpuIds;
    return ids.length === 0 || ids.includes(gpu) ? null : gpu;
  }

  /** The newest values of a channel; empty if the channel has no values. */
  values(channel: string): Values {
    return this.shown?.newest.get(channel)?.values ?? NOTHING;
  }

  /** The newest value of a field, if it is a number; null if it is not a number or was not reported. */
  number(channel: string, field: string): number | null {
    return numberOf(this.values(channel)[field]);
  }

  isStale(channel: string): boolean {
    return this.frozen === null && (this.data?.isStale(channel, performance.now()) ?? false);
  }

  /**
   * Open the form for an annotation at `time`.
   *
   * `time` defaults to the time of the cursor or, if there is no cursor, to the latest time in the charts.
   */
  annotate(time = this.cursor.peek() ?? Math.min(this.span.to, this.now)): void {
    this.annotating.value = Math.round(time);
  }

  /** Show an annotation that the user has just published, before the stream delivers it. */
  noteAnnotation(annotation: Annotation): void {
    const { moments } = this.current;
    moments.value = combined(moments.peek(), { ...NO_MOMENTS, annotations: [annotation] });
    this.frames.invalidate();
  }

  change(view: Partial<View>): void {
    this.address.change(view);
    this.frames.invalidate();
  }

  togglePause(): void {
    this.pause.toggle(this.current.data.peek());
    this.frames.invalidate();
  }

  /** The host's live data, which keeps changing even while the view is paused. */
  get data(): HostData | null {
    void this.frames.count.value; // the contents of the data change in place, and the count with each frame
    return this.current.data.value;
  }

  private onFrame(): void {
    this.detail.show(
      this.current.data.peek(),
      untracked(() => this.span),
      untracked(() => this.now),
    );
  }
}
