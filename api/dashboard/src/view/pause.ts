import type { HostData } from "../store/host";

/** A paused host: its data, the collector's clock and this browser's (Unix ms) at that moment. */
export interface Frozen {
  readonly data: HostData;
  readonly now: number;
  readonly wall: number;
}

/** Whether the view is paused, and what it then shows. */
export class Pause {
  frozen: Frozen | null = null;
  /** Another host was chosen while paused: it is frozen once its history has arrived. */
  private isPending = false;

  get isOn(): boolean {
    return this.frozen !== null || this.isPending;
  }

  toggle(data: HostData | null): void {
    if (this.isOn) this.frozen = null;
    else this.freeze(data);
    this.isPending = false;
  }

  /** Another host is shown. */
  changeHost(): void {
    this.isPending = this.isOn;
    this.frozen = null;
  }

  /** The history of the host has arrived, or will not. */
  settle(data: HostData | null): void {
    if (this.isPending) this.freeze(data);
    this.isPending = false;
  }

  private freeze(data: HostData | null): void {
    if (data === null) return;
    const wall = Date.now();
    this.frozen = { data: data.freeze(), now: data.clock.at(wall), wall };
  }
}
