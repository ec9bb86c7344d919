import { computed, signal } from "@preact/signals";
import type { HostData } from "../store/host";

/** A paused host: its data, the collector's clock and this browser's (Unix ms) at that moment. */
export interface Frozen {
  readonly data: HostData;
  readonly now: number;
  readonly wall: number;
}

/** Whether the view is paused, and what it then shows. */
export class Pause {
  readonly frozen = signal<Frozen | null>(null);
  readonly isOn = computed(() => this.frozen.value !== null || this.isPending.value);
  /** Another host was chosen while paused: it is frozen once its history has arrived. */
  private readonly isPending = signal(false);

  toggle(data: HostData | null): void {
    if (this.isOn.peek()) this.frozen.value = null;
    else this.freeze(data);
    this.isPending.value = false;
  }

  /** Another host is shown. */
  changeHost(): void {
    this.isPending.value = this.isOn.peek();
    this.frozen.value = null;
  }

  /** The history of the host has arrived, or will not. */
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
