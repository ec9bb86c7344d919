import type { RefObject } from "preact";

const KEYS = [
  ["Space", "pause, go on"],
  ["1, 2, 3", "5 m, 15 m, 1 h"],
  ["[ and ]", "previous, next GPU"],
  ["← and →", "on a chart: read all charts at one time (with Shift: ten times as far)"],
  ["+ and −", "on a chart: zoom in, out"],
  ["0 or Esc", "back to the whole range"],
  ["?", "this help"],
] as const;

const MOUSE = [
  ["Move", "reads all charts at one time"],
  ["Drag", "zooms all charts into that span; so does a finger that moves sideways"],
  ["Double click", "back to the whole range"],
] as const;

export function Help({ dialog }: { dialog: RefObject<HTMLDialogElement | null> }) {
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" data-testid="help-dialog">
      <h2 id="help-title">Keys and mouse</h2>
      <dl>
        {[...KEYS, ...MOUSE].map(([what, does]) => (
          <div key={what}><dt>{what}</dt><dd>{does}</dd></div>
        ))}
      </dl>
      <p>The address always reproduces the view: copy it to show others what you see. A break in a line is an outage; a dash is a value that the hardware does not report. GB are 2³⁰ bytes, MB/s are 10⁶ bytes a second.</p>
      <form method="dialog"><button class="button" type="submit">Close</button></form>
    </dialog>
  );
}
