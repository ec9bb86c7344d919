import type { ComponentChildren, HTMLAttributes } from "preact";
import type { HintText } from "../view/hint";
import { useMonitor } from "../view/hooks";
import styles from "./Hint.module.css";

interface Props {
  readonly text: HintText;
  readonly class?: string | undefined;
  readonly testId?: string | undefined;
  readonly children: ComponentChildren;
}

type Handlers = Pick<HTMLAttributes<HTMLElement>, "onPointerEnter" | "onPointerLeave" | "onFocus" | "onBlur">;

/** A word with an explanation, which opens when the user hovers over the word, focuses it or taps it. */
export function Hint({ text, class: style = "", testId, children }: Props) {
  const { hints } = useMonitor();
  const handlers = useHint(text);
  if (text === "")
    return (
      <span class={style} data-testid={testId}>
        {children}
      </span>
    );
  return (
    <button
      type="button"
      class={`${styles.hint} ${style}`}
      data-hint
      data-testid={testId}
      {...handlers}
      onClick={(event) => hints.show(event.currentTarget, text)}
    >
      {children}
    </button>
  );
}

/**
 * Event handlers for a button or link with an explanation; none if the explanation is empty.
 *
 * They show the explanation while the mouse is over the button or link, or while it has the focus.
 */
export function useHint(text: HintText): Handlers {
  const { hints } = useMonitor();
  if (text === "") return {};
  return {
    onPointerEnter: (event) => event.pointerType === "mouse" && hints.show(event.currentTarget, text),
    onPointerLeave: () => hints.leave(),
    onFocus: (event) => hints.show(event.currentTarget, text),
    onBlur: () => hints.hide(),
  };
}
