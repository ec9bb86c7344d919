/** From this count on, the icon shows `9+`. */
export const MOST_IN_ICON = 9;

/**
 * The address of the browser tab's icon for `count` findings that need attention.
 *
 * The icons are files, because the page's security policy forbids icons that a script draws.
 */
export function iconFor(count: number): string {
  return count > 0 ? `./icon-${Math.min(count, MOST_IN_ICON)}.svg` : "./icon.svg";
}
