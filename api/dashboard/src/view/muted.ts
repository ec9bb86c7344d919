import { signal } from "@preact/signals";

const KEY = "system-monitor-muted";
const MOST = 200;

/** The properties that identify a finding. They stay the same until the finding is over. */
export interface Mutable {
  readonly host: string;
  readonly channel: string;
  readonly since: number;
}

/** The findings that the user has muted, stored by the browser. If a finding recurs, it is no longer muted. */
export class Muted {
  readonly keys = signal<ReadonlySet<string>>(stored());

  constructor() {
    addEventListener("storage", (event) => {
      if (event.key === KEY) this.keys.value = stored(); // another tab has changed the list
    });
  }

  has(finding: Mutable): boolean {
    return this.keys.value.has(keyOf(finding));
  }

  mute(finding: Mutable): void {
    this.store([...this.keys.peek(), keyOf(finding)]);
  }

  unmute(finding: Mutable): void {
    this.store([...this.keys.peek()].filter((key) => key !== keyOf(finding)));
  }

  private store(keys: readonly string[]): void {
    const kept = keys.slice(-MOST); // the ones muted last; findings that were muted long ago are probably over
    this.keys.value = new Set(kept);
    try {
      localStorage.setItem(KEY, JSON.stringify(kept));
    } catch {
      // A browser may forbid storage; findings then stay muted only until the page is closed.
    }
  }
}

function keyOf({ host, channel, since }: Mutable): string {
  return JSON.stringify([host, channel, since]);
}

function stored(): ReadonlySet<string> {
  try {
    const keys: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return new Set(Array.isArray(keys) ? keys.filter((key) => typeof key === "string") : []);
  } catch {
    return new Set();
  }
}
