import type { ComponentChildren } from "preact";
import type { HintText } from "../view/hint";
import { Hint } from "./Hint";
import styles from "./Pill.module.css";

/** `calm`: no problem. `info`: worth knowing. `note`: was a problem or may become a problem. `alarm`: is a problem. */
export type PillKind = "calm" | "info" | "note" | "alarm";

interface Props {
  readonly kind: PillKind;
  readonly text: HintText;
  readonly testId: string;
  readonly children: ComponentChildren;
}

/** A state in a few words. Only `kind` determines the colour and the sign before the words. */
export function Pill({ kind, text, testId, children }: Props) {
  return (
    <Hint text={text} class={`${styles.pill} ${styles[kind]}`} testId={testId}>
      {children}
    </Hint>
  );
}
