import { Emitter } from "../view/emitter";
import type { Badge } from "./badge";

/** The badge that is shown. Emits when its text changes. */
export class CurrentBadge extends Emitter {
  badge: Badge = { kind: "connecting", label: "Connecting", detail: "Connecting to the server." };

  /** Returns whether its kind has changed. */
  update(badge: Badge): boolean {
    const { kind, label, detail } = this.badge;
    if (badge.kind === kind && badge.label === label && badge.detail === detail) return false;
    this.badge = badge;
    this.emit();
    return badge.kind !== kind;
  }
}
