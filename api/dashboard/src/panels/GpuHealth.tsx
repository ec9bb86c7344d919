import { isObject, textsOf } from "../bus/payload";
import { helpOf } from "../catalogue";
import type { Monitor } from "../monitor";
import { memoryErrorsOf } from "../text/memoryErrors";
import { throttleShares, throttleState } from "../text/throttleReasons";
import { useValue } from "../view/hooks";
import styles from "./GpuHealth.module.css";
import { Hint } from "./Hint";
import { Pill } from "./Pill";

interface Props {
  readonly channel: string;
}

/** A GPU's memory errors, and its throttle reasons now and in the last 5 minutes. */
export function GpuHealth({ channel }: Props) {
  return (
    <>
      <MemoryErrors channel={channel} />
      <div class={styles.health}>
        <Throttling channel={channel} />
      </div>
    </>
  );
}

function MemoryErrors({ channel }: Props) {
  const errors = useValue((monitor) => memoryErrorsOf(monitor.values(channel)));
  if (errors === null) return null;
  return (
    <Pill kind={errors.kind} text={errors.detail} testId="gpu-memory-errors">
      {errors.text}
    </Pill>
  );
}

function Throttling({ channel }: Props) {
  const state = useValue((monitor) => {
    const { throttle_reasons: reasons } = monitor.values(channel);
    return Array.isArray(reasons) ? throttleState(textsOf(reasons), sharesOf(monitor, channel)) : null;
  });
  const recent = useValue((monitor) => throttleShares(sharesOf(monitor, channel)));
  if (state === null) return null;
  return (
    <>
      {recent && (
        <Hint
          text={`${recent}: ${helpOf("gpu", "throttle_shares")}`}
          class={styles.recent}
          testId="gpu-throttle-shares"
        >
          Last 5 min: {recent}
        </Hint>
      )}
      <Pill
        kind={state.kind}
        text={`${state.text}. Heat, power limits and settings can lower the clocks of a GPU.`}
        testId="gpu-throttle"
      >
        {state.text}
      </Pill>
    </>
  );
}

function sharesOf(monitor: Monitor, channel: string): Readonly<Record<string, unknown>> {
  const { throttle_shares: shares } = monitor.values(channel);
  return isObject(shares) ? shares : {};
}
