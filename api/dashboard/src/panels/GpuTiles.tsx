import { textOf, textsOf } from "../bus/payload";
import { gpuChannel } from "../catalogue";
import { Sparkline } from "../charts/Sparkline";
import type { Monitor } from "../monitor";
import { degrees, percent } from "../text/numbers";
import { silenceOfGpu } from "../text/silence";
import { throttleLabels } from "../text/throttleReasons";
import { useFrameWhen } from "../view/hooks";
import { Live } from "../view/Live";
import { Flag } from "./Flag";

interface Props {
  readonly ids: readonly string[];
  readonly selected: string;
}

/** All GPUs side by side, to compare and select. */
export function GpuTiles({ ids, selected }: Props) {
  return (
    <div class={`tiles${ids.length > 4 ? " many" : ""}`} role="group" aria-label="Select a GPU" data-testid="gpu-tiles">
      {ids.map((id) => <Tile key={id} id={id} selected={id === selected} />)}
    </div>
  );
}

function Tile({ id, selected }: { id: string; selected: boolean }) {
  const channel = gpuChannel(id);
  const throttled = (monitor: Monitor) => throttleLabels(textsOf(monitor.values(channel)["throttle_reasons"]));
  const silence = (monitor: Monitor) => silenceOfGpu(id, monitor.shown);
  const title = (monitor: Monitor) =>
    [silence(monitor), textOf(monitor.values(channel)["name"]), ...throttled(monitor)].filter(Boolean).join(" · ");
  const monitor = useFrameWhen((each) => `${each.isStale(channel)} ${throttled(each).length > 0} ${title(each)}`);
  const silent = silence(monitor);
  return (
    <button
      type="button"
      class={`tile${monitor.isStale(channel) ? " is-stale" : ""}`}
      aria-pressed={selected}
      title={title(monitor)}
      data-testid={`gpu-tile-${id}`}
      onClick={() => monitor.change({ gpu: id })}
    >
      <span class="tile-head">
        <span class="tile-name">GPU {id}{throttled(monitor).length > 0 && <Flag icon="▾" label="throttled" />}{silent && <Flag icon="!" label={silent} />}</span>
        <Live class="tile-temp" read={(each) => degrees(each.number(channel, "temperature"))} />
      </span>
      <Live as="b" class="tile-value" read={(each) => percent(each.number(channel, "utilization"))} />
      <Sparkline channel={channel} />
    </button>
  );
}
