import { computed, signal } from "@preact/signals";
import type { HostData } from "../store/host";

/**
 * A host's data, frozen for a paused view. `now` is when the data was frozen, by the collector's clock; `wall` is the
 * same time by the browser's clock.
 */
export interface Frozen {
  readonly data: HostData;
  readonly now: number;
  readonly wall: number;
}

/** Whether the view is paused, and the data that a paused view shows. */
export class Pause {
  readonly frozen = signal<Frozen | null>(null);
  readonly isOn = computed(() => this.frozen.value !== null || this.isPending.value);
  /**
   * Whether the view is paused but no data is frozen yet. This is the case from when the user chooses another host
   * until that host's history has arrived or failed to load.
   */
  private readonly isPending = signal(false);

  toggle(data: HostData | null): void {
    if (this.isOn.peek()) this.frozen.value = null;
    else this.freeze(data);
    this.isPending.value = false;
  }

  /** Call this when another host is displayed. If the view is paused, the pause is pending until `settle` is called. */
  changeHost(): void {
    this.isPending.value = this.isOn.peek();
    this.frozen.value = null;
  }

  /** Call this when the host's history has loaded or failed to load. A pending pause then freezes `data`. */
  settle(data: HostData | null): void {
    if (this.isPending.peek()) this.freeze(data);
    this.isPending.value = false;
  }

  private freeze(data: HostData | null): void {
    if (data === null) return;
    const wall = Date.now();
    this.frozen.value = { data: data.freeze(), now: data.clock.at(wall), wall };
  }
}
