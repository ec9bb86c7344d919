import { useMonitor } from "../view/hooks";

/** Shows how current the data is: live, polled, stale since when, or disconnected. */
export function ConnectionBadge() {
  const { badge } = useMonitor();
  return (
    <div
      class={`badge ${badge.kind}`}
      role="status"
      aria-live="polite"
      title={badge.detail}
      data-testid="badge"
      data-kind={badge.kind}
    >
      <i class="dot" aria-hidden="true" />
      <span class="badge-label">{badge.label}</span>
      <span class="sr-only">. {badge.detail}</span>
    </div>
  );
}
