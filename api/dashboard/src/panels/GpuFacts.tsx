import { gpuChannel, helpOf } from "../catalogue";
import type { Monitor } from "../monitor";
import { degrees, exactBytes, grouped, megahertz, percent, share, shortSizeOf, whole } from "../text/numbers";
import { marginOf } from "../text/temperature";
import { Text } from "../view/Text";
import { Hint } from "./Hint";

/** A GPU's power, memory, clock and margins, beside its utilization. */
export function GpuFacts({ id }: { readonly id: string }) {
  const channel = gpuChannel(id);
  const used = (monitor: Monitor) => monitor.number(channel, "memory_used");
  const total = (monitor: Monitor) => monitor.number(channel, "memory_total");
  return (
    <dl class="facts">
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
      <div class="wide">
        <dt>
          <Hint text={(monitor) => `${exactBytes(used(monitor), total(monitor))}: ${helpOf("gpu", "memory_used")}`}>
            Memory
          </Hint>
        </dt>
        <dd>
          <Text read={(monitor) => percent(share(used(monitor), total(monitor)))} />{" "}
          <small>
            <Text read={(monitor) => shortSizeOf(used(monitor), total(monitor))} />
          </small>
        </dd>
      </div>
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
