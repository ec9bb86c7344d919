import { computed, signal } from "@preact/signals";
import type { HostData } from "../store/host";

/** A host's data when it was paused, and the time by the collector's clock (`now`) and the browser's clock (`wall`). */
export interface Frozen {
  readonly data: HostData;
  readonly now: number;
  readonly wall: number;
}

/** Whether the view is paused, and the data that a paused view shows. */
export class Pause {
  readonly frozen = signal<Frozen | null>(null);
  readonly isOn = computed(() => this.frozen.value !== null || this.isPending.value);
  /** Whether another host was chosen while the view is paused. Its data is frozen once its history has arrived. */
  private readonly isPending = signal(false);

  toggle(data: HostData | null): void {
    if (this.isOn.peek()) this.frozen.value = null;
    else this.freeze(data);
    this.isPending.value = false;
  }

  /** Note that another host is shown. */
  changeHost(): void {
    this.isPending.value = this.isOn.peek();
    this.frozen.value = null;
  }

  /** Note that the history of the host has arrived or could not be loaded, so a pending pause takes effect. */
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
