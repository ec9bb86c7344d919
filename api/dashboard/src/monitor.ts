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
 * The page's state, as its components read it; the controller changes it.
 *
 * A component that reads it in a computed value follows it: see view/hooks.ts.
 */
export class Monitor {
  readonly address = new Address();
  readonly theme = new Theme();
  readonly pause = new Pause();
  readonly hints = new OpenHints();
  readonly muted = new Muted();
  readonly times = CLOCK;
  readonly frames = new Frames(() => this.onFrame());
  /** The time of the cursor in all charts, by the collector's clock; null is now. */
  readonly cursor = signal<number | null>(null);
  /** The range of a view that has none. */
  readonly fittingRange = signal<Range>(DEFAULT_RANGE);
  /** The time that the reader is annotating; null while the form is closed. */
  readonly annotating = signal<number | null>(null);
  readonly current = {
    /** The host's data as it arrives, paused or not. */
    data: signal<HostData | null>(null),
    connection: signal<ConnectionState>({ mode: "connecting", problem: null }),
    badge: signal<Badge>(CONNECTING),
    findings: signal<FindingsState>(NO_FINDINGS),
    moments: signal<Moments>(NO_MOMENTS),
    /** Why they cannot be read, as a sentence. */
    momentsProblem: signal<string | null>(null),
    /** Why the past is incomplete, as a sentence. */
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

  /** The findings of the host that is shown, as they arrive, paused or not; without those that are muted. */
  get findings(): FindingsState {
    return this.audible.value;
  }

  /** The active findings of the host that is shown that the reader has muted. */
  get mutedFindings(): Finding[] {
    return worstFirst(this.current.findings.value).filter((finding) => this.muted.has(finding));
  }

  /** All live hosts at a glance, without muted findings; null until they have arrived. */
  get glances(): readonly GlancedHost[] | null {
    return this.glanced.value;
  }

  /** What happened on the host in the span that is shown. */
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

  get span(): Span {
    return spanOf(this.view, this.now, this.fittingRange.value);
  }

  /** The length of the span that is shown, if it ends now. */
  get range(): Range | null {
    return this.view.zoom ? null : (this.view.range ?? this.fittingRange.value);
  }

  /** The lengths that the reader can choose for a span that ends now. */
  get ranges(): readonly Range[] {
    return rangesWithin(this.hosts.keptMs.value ?? 0);
  }

  /** The longest of them, in ms. */
  get longest(): number {
    return Math.max(...this.ranges.map(rangeMs));
  }

  /** The GPU that is shown in detail: the one in the address, or else the first; null without a GPU. */
  get selectedGpu(): string | null {
    const ids = this.shown?.gpuIds ?? [];
    const { gpu } = this.view;
    return gpu !== null && ids.includes(gpu) ? gpu : (ids[0] ?? null);
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
    return this.frozen === null && (this.data?.isStale(channel, performance.now()) ?? false);
  }

  /** Open the form for an annotation at the cursor, or at the newest time shown. */
  annotate(time = this.cursor.peek() ?? Math.min(this.span.to, this.now)): void {
    this.annotating.value = Math.round(time);
  }

  /** Show an annotation that the reader has published; the stream repeats it. */
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

  /** The host's data as it arrives, paused or not. */
  get data(): HostData | null {
    void this.frames.count.value; // its contents change in place
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
