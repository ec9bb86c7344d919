import { Emitter } from "./emitter";

export const THEMES = ["auto", "dark", "light"] as const;
export type ThemeChoice = (typeof THEMES)[number];

const KEY = "system-monitor-theme";
const DARK = "(prefers-color-scheme: dark)";

/** The reader's theme, stored in this browser; `auto` follows the system. */
export class Theme extends Emitter {
  choice: ThemeChoice;

  constructor() {
    super();
    this.choice = stored();
    matchMedia(DARK).addEventListener("change", () => this.apply());
    this.apply();
  }

  choose(choice: ThemeChoice): void {
    this.choice = choice;
    try {
      localStorage.setItem(KEY, choice);
    } catch {
      // A browser may forbid it; the choice then lasts until the page is closed.
    }
    this.apply();
  }

  private apply(): void {
    const dark = this.choice === "auto" ? matchMedia(DARK).matches : this.choice === "dark";
    document.documentElement.dataset["theme"] = dark ? "dark" : "light";
    this.emit();
  }
}

function stored(): ThemeChoice {
  try {
    return THEMES.find((each) => each === localStorage.getItem(KEY)) ?? "auto";
  } catch {
    return "auto";
  }
}
