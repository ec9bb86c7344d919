import type { ComponentChildren } from "preact";
import type { HintText } from "../view/hint";
import { Hint } from "./Hint";
import styles from "./Pill.module.css";

/** `calm`: all is well. `info`: worth knowing. `note`: was or may become a problem. `alarm`: a problem now. */
export type PillKind = "calm" | "info" | "note" | "alarm";

interface Props {
  readonly kind: PillKind;
  readonly text: HintText;
  readonly testId: string;
  readonly children: ComponentChildren;
}

/** A state in a few words: the colour and the sign before them depend on nothing else. */
export function Pill({ kind, text, testId, children }: Props) {
  return (
    <Hint text={text} class={`${styles.pill} ${styles[kind]}`} testId={testId}>
      {children}
    </Hint>
  );
}
