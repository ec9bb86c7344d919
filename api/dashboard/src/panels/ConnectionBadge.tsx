import { useConnection } from "../connection/useConnection";

/** Tells the truth about the data: live, polled, stale since when, or cut off. */
export function ConnectionBadge() {
  const badge = useConnection();
  return (
    <div class={`badge ${badge.kind}`} role="status" aria-live="polite" title={badge.detail} data-testid="badge" data-kind={badge.kind}>
      <i class="dot" aria-hidden="true" />
      <span class="badge-label">{badge.label}</span>
      <span class="sr-only">. {badge.detail}</span>
    </div>
  );
}
