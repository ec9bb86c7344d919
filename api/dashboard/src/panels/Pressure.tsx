import { numberOf, type Values } from "../bus/payload";
import { helpOf } from "../catalogue";
import { DASH } from "../text/numbers";

interface Props {
  readonly values: Values;
  readonly family: "cpu" | "memory";
}

// A busy machine makes tasks wait for a core now and then; waiting for memory is worse.
const LIMITS = { cpu: [5, 40], memory: [1, 10] } as const;
const ALL_WAIT_WEIGHT = 4;

/** Whether programs wait for a resource, in a word and in percent of the last 10 s. */
export function Pressure({ values, family }: Props) {
  const some = numberOf(values["pressure_some"]);
  const full = numberOf(values["pressure_full"]);
  if (some === null && full === null) return null;
  const worst = Math.max(some ?? 0, ALL_WAIT_WEIGHT * (full ?? 0));
  const [low, high] = LIMITS[family];
  const [kind, word] = worst < low ? ["calm", "none"] : worst < high ? ["note", "some"] : ["alarm", "high"];
  const share = (value: number | null) => (value === null ? DASH : `${value.toFixed(1)}%`);
  const title = [
    `some ${share(some)}: ${helpOf(family, "pressure_some")}`,
    ...(full === null ? [] : [`full ${share(full)}: ${helpOf(family, "pressure_full")}`]),
  ].join("; ");
  return (
    <span class={`pill ${kind}`} title={title} data-testid={`${family}-pressure`}>
      Pressure: {word}{worst >= low && ` ${share(some)}`}
    </span>
  );
}
