import { useRef } from "preact/hooks";
import type { Tint } from "../charts/palette";
import type { Monitor } from "../monitor";
import { setAttribute, useLive } from "../view/Live";

interface Props {
  readonly label: string;
  /** In percent; null where it is not known. */
  readonly value: (monitor: Monitor) => number | null;
  readonly text: (monitor: Monitor) => string;
  readonly tint: Tint;
  /** The bar warns from this percentage on. */
  readonly warnAt?: number;
}

/** A bar from 0 to 100 %. */
export function Meter({ label, value, text, tint, warnAt = 101 }: Props) {
  const drawn = useRef("");
  const bar = useLive<HTMLDivElement>((element, monitor) => {
    const percent = value(monitor);
    const share = percent === null ? 0 : Math.min(Math.max(percent, 0), 100);
    // A meter must have a value: without one it is hidden, and the text beside it is a dash.
    element.ariaHidden = percent === null ? "true" : null;
    if (percent === null) element.removeAttribute("aria-valuenow");
    else setAttribute(element, "aria-valuenow", String(Math.round(share)));
    setAttribute(element, "aria-valuetext", text(monitor));
    element.classList.toggle("warns", percent !== null && percent >= warnAt);
    // In steps of 0.1 %: a finer one would be painted without a visible change.
    const transform = `scaleX(${(share / 100).toFixed(3)})`;
    if (transform === drawn.current) return;
    drawn.current = transform;
    (element.firstElementChild as HTMLElement).style.transform = transform;
  });
  return (
    <div ref={bar} class={`meter ${tint}`} role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={100}>
      <div class="meter-fill" />
    </div>
  );
}
