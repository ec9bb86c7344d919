import { helpOf } from "../catalogue";
import type { Monitor } from "../monitor";
import { DASH } from "../text/numbers";
import { useFrameWhen } from "../view/hooks";
import { Live, setAttribute, useLive } from "../view/Live";

interface Props {
  readonly family: "cpu" | "memory";
}

// On a busy machine tasks wait for a core now and then; waiting for memory is worse.
const LIMITS = { cpu: [5, 40], memory: [1, 10] } as const;
const ALL_WAIT_WEIGHT = 4;

/** Whether tasks wait for a resource: a word, and the percentage of the last 10 s. */
export function Pressure({ family }: Props) {
  const monitor = useFrameWhen((each) => judge(each, family)?.kind ?? "");
  const pill = useLive<HTMLParagraphElement>((element, each) => setAttribute(element, "title", judge(each, family)?.title ?? ""));
  const now = judge(monitor, family);
  if (now === null) return null;
  const calm = now.kind === "calm";
  return (
    <p ref={pill} class={`pill ${now.kind}`} data-testid={`${family}-pressure`}>
      Pressure<span class={calm ? "" : "word"}>: {now.word}</span>
      {!calm && <Live read={(each) => ` ${judge(each, family)?.share ?? ""}`} />}
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
  const [kind, word] = worst < low ? ["calm", "none"] : worst < high ? ["note", "some"] : ["alarm", "high"];
  const share = (value: number | null) => (value === null ? DASH : `${value.toFixed(1)}%`);
  const title = [
    `some ${share(some)}: ${helpOf(family, "pressure_some")}`,
    ...(full === null ? [] : [`full ${share(full)}: ${helpOf(family, "pressure_full")}`]),
  ].join("; ");
  return { kind, title, word, share: share(some) };
}
