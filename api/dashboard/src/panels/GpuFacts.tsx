import { gpuChannel, helpOf } from "../catalogue";
import { degrees, grouped, megahertz, percent, whole } from "../text/numbers";
import { marginOf } from "../text/temperature";
import { useValue } from "../view/hooks";
import { Text } from "../view/Text";
import { Hint } from "./Hint";

/** A GPU's power, clock and margins, beside its utilization. */
export function GpuFacts({ id }: { readonly id: string }) {
  const channel = gpuChannel(id);
  const isOnly = useValue((monitor) => monitor.shown?.gpuIds.length === 1);
  return (
    <dl class="facts">
      {isOnly && <Power channel={channel} />}
      <div>
        <dt>
          <Hint text={helpOf("gpu", "sm_clock")}>SM clock</Hint>
        </dt>
        <dd>
          <Text read={(monitor) => megahertz(monitor.number(channel, "sm_clock"))} />
        </dd>
      </div>
      <div>
        <dt>
          <Hint text={helpOf("gpu", "temperature_margin")}>Below slowdown</Hint>
        </dt>
        <dd>
          <span data-testid="gpu-margin">
            <Text read={(monitor) => degrees(marginOf(monitor.values(channel)))} />
          </span>
        </dd>
      </div>
      <div>
        <dt>
          <Hint text={helpOf("gpu", "memory_utilization")}>Memory active</Hint>
        </dt>
        <dd>
          <Text read={(monitor) => percent(monitor.number(channel, "memory_utilization"))} />
        </dd>
      </div>
    </dl>
  );
}

// With several GPUs it is in the row of the GPU.
function Power({ channel }: { readonly channel: string }) {
  return (
    <div class="medium">
      <dt>
        <Hint text={`${helpOf("gpu", "power")}, and ${helpOf("gpu", "power_limit")}`}>Power</Hint>
      </dt>
      <dd data-testid="gpu-power">
        <Text read={(monitor) => grouped(monitor.number(channel, "power"))} />{" "}
        <small>
          <Text read={(monitor) => `/ ${whole(monitor.number(channel, "power_limit"), "W")}`} />
        </small>
      </dd>
    </div>
  );
}
