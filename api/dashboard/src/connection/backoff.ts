const FIRST_MS = 1_000;
const MAX_MS = 30_000;
const MIN_MS = 200;

/**
 * The pause before attempt number `attempt` (from 0): it doubles up to `longest` ms, with full
 * jitter, so that the pages of a whole lab do not reconnect to a restarted server all at once.
 */
export function pauseBefore(attempt: number, random: () => number, longest = MAX_MS): number {
  const ceiling = Math.min(longest, FIRST_MS * 2 ** attempt);
  return Math.max(MIN_MS, Math.round(random() * ceiling));
}
