/**
 * The colours of the lines in charts. They exclude colours that signal a state, such as orange for a warning.
 *
 * Colour-blind people can tell the colours apart. Most charts also dash some of their lines, or fill the area below a
 * line. theme.css defines the colours for the dark and the light theme.
 */
export type Tint = "blue" | "violet" | "pink" | "grey";

type Name = Tint | "orange" | "grid" | "axis" | "track" | "warn" | "text";

const known = new Map<string, string>();

/** The value of a colour in the current theme. */
export function tint(name: Name): string {
  const root = document.documentElement;
  const key = `${root.dataset.theme ?? ""} ${name}`;
  const value = known.get(key) ?? getComputedStyle(root).getPropertyValue(`--${name}`).trim();
  known.set(key, value); // reading the style in each frame would force a layout
  return value;
}
