const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;
const SHORTEST_MS = 200;

/**
 * The pause before attempt number `attempt` (from 0): it doubles up to `longest` ms, with full
 * jitter, so that the pages of a whole lab do not return to a restarted server at the same moment.
 */
export function pauseBefore(attempt: number, random: () => number, longest = LONGEST_MS): number {
  const ceiling = Math.min(longest, FIRST_MS * 2 ** attempt);
  return Math.max(SHORTEST_MS, Math.round(random() * ceiling));
}
