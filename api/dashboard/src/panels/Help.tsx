import type { RefObject } from "preact";
import controls from "../styles/controls.module.css";
import styles from "./Help.module.css";

const KEYS = [
  ["Space", "Pause the view, or resume it"],
  ["1, 2, 3 …", "Last 5 minutes, 15 minutes, hour …"],
  ["[ and ]", "Previous, next GPU"],
  [
    "← and →",
    "On a chart: move the cursor of all charts (with Shift, ten times as far); in the list of hosts: move from a host to its GPUs",
  ],
  ["Home and End", "On a chart: move the cursor to the start of the span; remove the cursor"],
  ["+ and −", "On a chart: zoom in, out"],
  ["0 or Esc", "Reset zoom"],
  ["a", "Annotate the time at the cursor, or now"],
  ["?", "Show this help"],
] as const;

const MOUSE = [
  ["Hover", "Read all charts at the same time"],
  ["Drag", "Zoom all charts to that span; on a touch screen, swipe sideways"],
  [
    "Strip of the past",
    "Drag to choose a span, drag the span or its edges to change it; the arrow keys move a focused edge",
  ],
  ["Click", "Annotate that time"],
  ["Double-click", "Reset zoom"],
] as const;

export function Help({ dialog }: { dialog: RefObject<HTMLDialogElement | null> }) {
  return (
    <dialog
      ref={dialog}
      class={`${controls.dialog} ${styles.dialog}`}
      aria-labelledby="help-title"
      data-testid="help-dialog"
    >
      <h2 id="help-title">Keyboard and mouse</h2>
      <dl>
        {[...KEYS, ...MOUSE].map(([input, effect]) => (
          <div key={input}>
            <dt>{input}</dt>
            <dd>{effect}</dd>
          </div>
        ))}
      </dl>
      <p>
        The page's address reproduces the view: copy it to share what you see. A gap in a line is an outage; a dash is a
        value that the hardware does not report. 1 GiB is 2³⁰ bytes, 1 MB/s is 10⁶ bytes per second.
      </p>
      <form method="dialog">
        <button class={controls.button} type="submit">
          Close
        </button>
      </form>
    </dialog>
  );
}
