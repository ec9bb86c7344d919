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

/** A word with an explanation, which opens when it is pointed at, focused or tapped. */
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

/** What opens an explanation of a button or a link: pointing at it, or the keyboard focus. None if it is empty. */
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
