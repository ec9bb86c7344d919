import type { ComponentChildren } from "preact";
import type { HintText } from "../view/hint";
import { useMonitor } from "../view/hooks";
import styles from "./Hint.module.css";

interface Props {
  readonly text: HintText;
  readonly class?: string | undefined;
  readonly testId?: string | undefined;
  readonly children: ComponentChildren;
}

/** A word with an explanation, which opens when it is pointed at, focused or tapped. */
export function Hint({ text, class: style = "", testId, children }: Props) {
  const { hints } = useMonitor();
  if (text === "")
    return (
      <span class={style} data-testid={testId}>
        {children}
      </span>
    );
  const show = (event: Event) => hints.show(event.currentTarget as HTMLElement, text);
  return (
    <button
      type="button"
      class={`${styles.hint} ${style}`}
      data-hint
      data-testid={testId}
      onPointerEnter={(event) => event.pointerType === "mouse" && show(event)}
      onPointerLeave={() => hints.leave()}
      onFocus={show}
      onBlur={() => hints.hide()}
      onClick={show}
    >
      {children}
    </button>
  );
}
