const FIRST_MS = 1_000;
const MAX_MS = 30_000;
const MIN_MS = 200;

/**
 * The pause in ms before attempt number `attempt`, counted from 0.
 *
 * The pause is random, so that a whole lab's open pages do not all reconnect to a restarted server at once. The upper
 * limit of the pause doubles with each attempt, up to `longest`.
 */
export function pauseBefore(attempt: number, random: () => number, longest = MAX_MS): number {
  const ceiling = Math.min(longest, FIRST_MS * 2 ** attempt);
  return Math.max(MIN_MS, Math.round(random() * ceiling));
}
