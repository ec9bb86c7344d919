/**
 * The colours of the lines, after Okabe and Ito: distinguishable with each kind of colour blindness.
 * The stylesheet gives each its value in dark and light; lines differ in their dashes as well.
 */
export type Tint = "blue" | "orange" | "green" | "pink" | "grey";

type Name = Tint | "grid" | "axis" | "track" | "warn" | "text";

const known = new Map<string, string>();

/** The value of a colour in the theme that is on. */
export function tint(name: Name): string {
  const root = document.documentElement;
  const key = `${root.dataset["theme"] ?? ""} ${name}`;
  const value = known.get(key) ?? getComputedStyle(root).getPropertyValue(`--${name}`).trim();
  known.set(key, value); // asking the browser in each frame would make it lay out the page
  return value;
}
