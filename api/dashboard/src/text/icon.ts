/** The highest count that has an icon. From this count on, the icon shows `9+`. */
export const MOST_IN_ICON = 9;

/** The address of the tab's icon for a count. Icons are files, as the page's policy forbids icons drawn by a script. */
export function iconFor(count: number): string {
  return count > 0 ? `./icon-${Math.min(count, MOST_IN_ICON)}.svg` : "./icon.svg";
}
