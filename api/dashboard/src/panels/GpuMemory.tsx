import { textOf } from "../bus/payload";
import { gpuChannel, helpOf } from "../catalogue";
import type { Monitor } from "../monitor";
import { isGpuDisabled, noGpuReason } from "../text/noGpu";
import { exactBytes, percent, share, shortSizeOf } from "../text/numbers";
import { silenceOfGpu } from "../text/silence";
import { useFrameWhen } from "../view/hooks";
import { Live } from "../view/Live";
import { Flag } from "./Flag";
import { Meter } from "./Meter";

const NEARLY_FULL = 95;

/** The sidebar's widget: the memory in use on each GPU, always visible. */
export function GpuMemory() {
  const monitor = useFrameWhen(({ shown }) => [shown?.gpuIds, noGpuReason(shown), shown?.status === null].join());
  const host = monitor.shown;
  const ids = host?.gpuIds ?? [];
  return (
    <section class="panel gpu-memory" aria-labelledby="gpu-memory-title" data-testid="gpu-memory">
      <header class="panel-head"><h2 id="gpu-memory-title">GPU Memory</h2></header>
      {host === null || ids.length === 0 ? (
        <p class="absent small">{host?.status && !isGpuDisabled(host) ? "No GPU." : noGpuReason(host)}</p>
      ) : (
        <ul class="gpu-memory-list">{ids.map((id) => <Bar key={id} id={id} />)}</ul>
      )}
    </section>
  );
}

function Bar({ id }: { id: string }) {
  const channel = gpuChannel(id);
  const used = (monitor: Monitor) => monitor.number(channel, "memory_used");
  const total = (monitor: Monitor) => monitor.number(channel, "memory_total");
  const full = (monitor: Monitor) => share(used(monitor), total(monitor));
  const text = (monitor: Monitor) => shortSizeOf(used(monitor), total(monitor));
  const warns = (monitor: Monitor) => (full(monitor) ?? 0) >= NEARLY_FULL;
  const name = (monitor: Monitor) => textOf(monitor.values(channel)["name"]);
  const unified = (monitor: Monitor) => monitor.values(channel)["memory_kind"] === "unified";
  const silence = (monitor: Monitor) => silenceOfGpu(id, monitor.shown);
  const monitor = useFrameWhen((each) => [warns(each), unified(each), each.isStale(channel), name(each), silence(each)].join());
  const silent = silence(monitor);
  const classes = [...(monitor.isStale(channel) ? ["is-stale"] : []), ...(unified(monitor) ? ["is-unified"] : [])];
  return (
    <li class={classes.join(" ")} data-testid={`gpu-memory-${id}`} title={name(monitor) ?? undefined}>
      <div class="row">
        <span class="label">GPU {id}{unified(monitor) && <small title={helpOf("gpu", "memory_kind")}> unified</small>}{warns(monitor) && <Flag icon="▲" label="nearly full" />}{silent && <Flag icon="!" label={silent} />}</span>
        <span class="value">
          <Live as="b" read={text} hint={(each) => exactBytes(used(each), total(each))} />{" "}
          <Live as="small" read={(each) => percent(full(each))} />
        </span>
      </div>
      <Meter label={`Memory of GPU ${id}`} value={full} text={text} tint="green" warnAt={NEARLY_FULL} />
    </li>
  );
}
