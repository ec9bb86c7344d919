import { useLayoutEffect, useRef } from "preact/hooks";
import { useMonitor, useReading } from "../view/hooks";
import styles from "./Hint.module.css";

const ID = "hint";
const MARGIN = 8;

/** The box with the open explanation, next to the word that it explains. */
export function HintBox() {
  const monitor = useMonitor();
  const { hints } = monitor;
  const box = useRef<HTMLDivElement>(null);
  const open = hints.open.value;
  const text = useReading((each) => {
    const hint = each.hints.open.value?.text ?? "";
    return typeof hint === "string" ? hint : hint(each);
  });
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null || open === null) return undefined;
    element.showPopover();
    place(element, open.anchor.getBoundingClientRect());
    open.anchor.setAttribute("aria-describedby", ID);
    const request = new AbortController();
    const options = { capture: true, signal: request.signal };
    const hide = () => hints.hide();
    const hideUnlessInside = ({ target }: Event) => {
      if (target instanceof Node && !open.anchor.contains(target) && !element.contains(target)) hide();
    };
    const hideOnEscape = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      hide();
    };
    addEventListener("scroll", hide, options);
    addEventListener("resize", hide, options);
    addEventListener("pointerdown", hideUnlessInside, options);
    addEventListener("keydown", hideOnEscape, options);
    return () => {
      request.abort();
      open.anchor.removeAttribute("aria-describedby");
      element.hidePopover();
    };
  }, [open, hints]);
  return (
    <div
      ref={box}
      id={ID}
      popover="manual"
      role="tooltip"
      class={styles.box}
      data-testid="hint"
      onPointerEnter={() => hints.keep()}
      onPointerLeave={() => hints.leave()}
    >
      {text}
    </div>
  );
}

/** Places the explanation below the word, or above the word if there is no room below it. */
function place(element: HTMLElement, word: DOMRect): void {
  const { width, height } = element.getBoundingClientRect();
  const left = Math.max(Math.min(word.left, innerWidth - width - MARGIN), MARGIN);
  const isBelow = word.bottom + height + 2 * MARGIN <= innerHeight;
  element.style.left = `${left}px`;
  element.style.top = `${isBelow ? word.bottom + MARGIN / 2 : Math.max(word.top - height - MARGIN / 2, MARGIN)}px`;
}
