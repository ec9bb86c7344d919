/**
 * The colours of the lines, after Okabe and Ito: distinguishable with every kind of colour blindness.
 * theme.css has their values in dark and light; lines differ in their dashes as well.
 */
export type Tint = "blue" | "orange" | "green" | "pink" | "grey";

type Name = Tint | "grid" | "axis" | "track" | "warn" | "text";

const known = new Map<string, string>();

/** The value of a colour in the current theme. */
export function tint(name: Name): string {
  const root = document.documentElement;
  const key = `${root.dataset.theme ?? ""} ${name}`;
  const value = known.get(key) ?? getComputedStyle(root).getPropertyValue(`--${name}`).trim();
  known.set(key, value); // reading it in each frame would force a layout
  return value;
}
