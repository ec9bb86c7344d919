import { helpOf } from "../catalogue";
import type { Monitor } from "../monitor";
import { DASH } from "../text/numbers";
import { useReading, useValue } from "../view/hooks";
import { Text } from "../view/Text";

interface Props {
  readonly family: "cpu" | "memory";
}

// On a busy machine tasks wait for a core now and then; waiting for memory is worse.
const LIMITS = { cpu: [5, 40], memory: [1, 10] } as const;
const ALL_WAIT_WEIGHT = 4;
const LEVELS = [
  { kind: "calm", word: "none" },
  { kind: "note", word: "some" },
  { kind: "alarm", word: "high" },
] as const;

/** Whether tasks wait for a resource: a word, and the percentage of the last 10 s. */
export function Pressure({ family }: Props) {
  const level = useValue((monitor) => judge(monitor, family)?.level ?? null);
  const title = useReading((monitor) => judge(monitor, family)?.title ?? "");
  if (level === null) return null;
  const calm = level.kind === "calm";
  return (
    <p title={title} class={`pill ${level.kind}`} data-testid={`${family}-pressure`}>
      Pressure<span class={calm ? "" : "word"}>: {level.word}</span>
      {!calm && <Text read={(each) => ` ${judge(each, family)?.share ?? ""}`} />}
    </p>
  );
}

function judge(monitor: Monitor, family: "cpu" | "memory") {
  const channel = `system/${family}`;
  const some = monitor.number(channel, "pressure_some");
  const full = monitor.number(channel, "pressure_full");
  if (some === null && full === null) return null;
  const worst = Math.max(some ?? 0, ALL_WAIT_WEIGHT * (full ?? 0));
  const [low, high] = LIMITS[family];
  const level = LEVELS[worst < low ? 0 : worst < high ? 1 : 2];
  const share = (value: number | null) => (value === null ? DASH : `${value.toFixed(1)}%`);
  const title = [
    `some ${share(some)}: ${helpOf(family, "pressure_some")}`,
    ...(full === null ? [] : [`full ${share(full)}: ${helpOf(family, "pressure_full")}`]),
  ].join("; ");
  return { level, title, share: share(some) };
}
