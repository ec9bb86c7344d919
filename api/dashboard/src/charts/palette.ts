/**
 * The colours of the lines: none is that of a state, and they differ with every kind of colour blindness.
 * theme.css has their values in dark and light; lines of a chart differ in their dashes as well.
 */
export type Tint = "blue" | "violet" | "pink" | "grey";

type Name = Tint | "orange" | "grid" | "axis" | "track" | "warn" | "text";

const known = new Map<string, string>();

/** The value of a colour in the current theme. */
export function tint(name: Name): string {
  const root = document.documentElement;
  const key = `${root.dataset.theme ?? ""} ${name}`;
  const value = known.get(key) ?? getComputedStyle(root).getPropertyValue(`--${name}`).trim();
  known.set(key, value); // reading it in each frame would force a layout
  return value;
}
