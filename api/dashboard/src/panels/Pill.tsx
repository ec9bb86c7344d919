import type { ComponentChildren } from "preact";
import type { HintText } from "../view/hint";
import { Hint } from "./Hint";
import styles from "./Pill.module.css";

/**
 * How serious the state in a pill is: `calm` is no problem, `info` is worth knowing, `note` was a problem or may become
 * one, and `alarm` is a problem now.
 */
export type PillKind = "calm" | "info" | "note" | "alarm";

interface Props {
  readonly kind: PillKind;
  readonly text: HintText;
  readonly testId: string;
  readonly children: ComponentChildren;
}

/** A state in a few words, with a symbol before them. `kind` determines the colour and the symbol. */
export function Pill({ kind, text, testId, children }: Props) {
  return (
    <Hint text={text} class={`${styles.pill} ${styles[kind]}`} testId={testId}>
      {children}
    </Hint>
  );
}
