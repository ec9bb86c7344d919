import type { ComponentChildren } from "preact";
import type { HintText } from "../view/hint";
import { Hint } from "./Hint";
import styles from "./Pill.module.css";

/**
 * How serious the state in a pill is. `calm`: there is no problem. `info`: the state is worth knowing. `note`: there
 * was a problem, or might be one soon. `alarm`: there is a problem now.
 */
export type PillKind = "calm" | "info" | "note" | "alarm";

interface Props {
  readonly kind: PillKind;
  readonly text: HintText;
  readonly testId: string;
  readonly children: ComponentChildren;
}

/** A state in a few words, with a symbol in front. `kind` determines the colour and the symbol. */
export function Pill({ kind, text, testId, children }: Props) {
  return (
    <Hint text={text} class={`${styles.pill} ${styles[kind]}`} testId={testId}>
      {children}
    </Hint>
  );
}
