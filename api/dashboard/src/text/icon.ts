/** The most that an icon has room for; from there on it shows `9+`. */
export const MOST_IN_ICON = 9;

/** The tab's icon with a count: a file, since the page's policy forbids icons that a script draws. */
export function iconFor(count: number): string {
  return count > 0 ? `./icon-${Math.min(count, MOST_IN_ICON)}.svg` : "./icon.svg";
}
