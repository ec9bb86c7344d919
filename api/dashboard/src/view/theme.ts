import { signal } from "@preact/signals";

export const THEMES = ["auto", "dark", "light"] as const;
export type ThemeChoice = (typeof THEMES)[number];

const KEY = "system-monitor-theme";
const DARK = "(prefers-color-scheme: dark)";

/** The theme that the user has chosen, stored in the browser. The theme `auto` follows the system. */
export class Theme {
  readonly choice = signal<ThemeChoice>(stored());
  /** The colours that the page uses now. */
  readonly colours = signal<"dark" | "light">("dark");

  constructor() {
    matchMedia(DARK).addEventListener("change", () => this.apply());
    this.apply();
  }

  choose(choice: ThemeChoice): void {
    this.choice.value = choice;
    try {
      localStorage.setItem(KEY, choice);
    } catch {
      // A browser may forbid storage; the choice then lasts until the page is closed.
    }
    this.apply();
  }

  private apply(): void {
    const choice = this.choice.peek();
    const dark = choice === "auto" ? matchMedia(DARK).matches : choice === "dark";
    const colours = dark ? "dark" : "light";
    document.documentElement.dataset.theme = colours;
    this.colours.value = colours;
  }
}

function stored(): ThemeChoice {
  try {
    return THEMES.find((each) => each === localStorage.getItem(KEY)) ?? "auto";
  } catch {
    return "auto";
  }
}
