import { textOf, textsOf } from "../bus/payload";
import { gpuChannel } from "../catalogue";
import { Sparkline } from "../charts/Sparkline";
import type { Monitor } from "../monitor";
import { degrees, percent } from "../text/numbers";
import { silenceOfGpu } from "../text/silence";
import { throttleLabels } from "../text/throttleReasons";
import { useMonitor, useValue } from "../view/hooks";
import { Text } from "../view/Text";
import { Flag } from "./Flag";

interface Props {
  readonly ids: readonly string[];
  readonly selected: string;
}

/** All GPUs side by side, to compare and select. */
export function GpuTiles({ ids, selected }: Props) {
  return (
    <div class={`tiles${ids.length > 4 ? " many" : ""}`} role="group" aria-label="Select a GPU" data-testid="gpu-tiles">
      {ids.map((id) => (
        <Tile key={id} id={id} selected={id === selected} />
      ))}
    </div>
  );
}

function Tile({ id, selected }: { id: string; selected: boolean }) {
  const channel = gpuChannel(id);
  const throttled = (monitor: Monitor) => throttleLabels(textsOf(monitor.values(channel).throttle_reasons));
  const silence = (monitor: Monitor) => silenceOfGpu(id, monitor.shown);
  const title = (monitor: Monitor) =>
    [silence(monitor), textOf(monitor.values(channel).name), ...throttled(monitor)].filter(Boolean).join(" · ");
  const monitor = useMonitor();
  const now = useValue((each) => ({
    isStale: each.isStale(channel),
    isThrottled: throttled(each).length > 0,
    silent: silence(each),
    title: title(each),
  }));
  return (
    <button
      type="button"
      class={`tile${now.isStale ? " is-stale" : ""}`}
      aria-pressed={selected}
      title={now.title}
      data-testid={`gpu-tile-${id}`}
      onClick={() => monitor.change({ gpu: id })}
    >
      <span class="tile-head">
        <span class="tile-name">
          GPU {id}
          {now.isThrottled && <Flag icon="▾" label="throttled" />}
          {now.silent && <Flag icon="!" label={now.silent} />}
        </span>
        <span class="tile-temp">
          <Text read={(each) => degrees(each.number(channel, "temperature"))} />
        </span>
      </span>
      <b class="tile-value">
        <Text read={(each) => percent(each.number(channel, "utilization"))} />
      </b>
      <Sparkline channel={channel} />
    </button>
  );
}
