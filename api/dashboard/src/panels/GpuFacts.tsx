import { gpuChannel, helpOf } from "../catalogue";
import { degrees, grouped, megahertz, percent, whole } from "../text/numbers";
import { marginOf } from "../text/temperature";
import { useValue } from "../view/hooks";
import { Text } from "../view/Text";
import { Fact } from "./Headline";

/**
 * The SM clock, temperature margin and memory activity of a GPU, shown beside its utilization.
 *
 * If the host has no other GPU, the GPU's power is also shown.
 */
export function GpuFacts({ id }: { readonly id: string }) {
  const channel = gpuChannel(id);
  const isOnly = useValue((monitor) => monitor.shown?.gpuIds.length === 1);
  return (
    <>
      {isOnly && <Power channel={channel} />}
      <Fact label="SM clock" help={helpOf("gpu", "sm_clock")}>
        <Text read={(monitor) => megahertz(monitor.number(channel, "sm_clock"))} />
      </Fact>
      <Fact label="Below slowdown" help={helpOf("gpu", "temperature_margin")} testId="gpu-margin">
        <Text read={(monitor) => degrees(marginOf(monitor.values(channel)))} />
      </Fact>
      <Fact label="Memory active" help={helpOf("gpu", "memory_utilization")}>
        <Text read={(monitor) => percent(monitor.number(channel, "memory_utilization"))} />
      </Fact>
    </>
  );
}

// On a host with several GPUs, the row of the GPU in the table of GPUs shows its power.
function Power({ channel }: { readonly channel: string }) {
  return (
    <Fact
      label="Power"
      help={`${helpOf("gpu", "power")}, and ${helpOf("gpu", "power_limit")}`}
      size="medium"
      testId="gpu-power"
    >
      <Text read={(monitor) => grouped(monitor.number(channel, "power"))} />{" "}
      <small>
        <Text read={(monitor) => `/ ${whole(monitor.number(channel, "power_limit"), "W")}`} />
      </small>
    </Fact>
  );
}
