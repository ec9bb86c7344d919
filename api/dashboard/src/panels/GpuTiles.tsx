import { numberOf, textOf, textsOf } from "../bus/payload";
import { gpuChannel } from "../catalogue";
import { Sparkline } from "../charts/Sparkline";
import { degrees, percent } from "../text/numbers";
import { throttleWords } from "../text/throttle";
import { useMonitor } from "../view/hooks";

interface Props {
  readonly ids: readonly string[];
  readonly selected: string;
}

/** All GPUs side by side, to compare and to choose from. */
export function GpuTiles({ ids, selected }: Props) {
  const monitor = useMonitor(); // the panel around this is rendered with each frame
  const host = monitor.shown;
  if (host === null) return null;
  const at = performance.now();
  return (
    <div class={`tiles${ids.length > 4 ? " many" : ""}`} role="group" aria-label="Choose a GPU" data-testid="gpu-tiles">
      {ids.map((id) => {
        const values = host.newest.get(gpuChannel(id))?.values ?? {};
        const throttled = throttleWords(textsOf(values["throttle_reasons"]));
        const stale = monitor.frozen === null && host.isStale(gpuChannel(id), at);
        return (
          <button
            key={id}
            type="button"
            class={`tile${stale ? " is-stale" : ""}`}
            aria-pressed={id === selected}
            title={[textOf(values["name"]), ...throttled].filter(Boolean).join(" · ")}
            data-testid={`gpu-tile-${id}`}
            onClick={() => monitor.change({ gpu: id })}
          >
            <span class="tile-head">
              <span class="tile-name">GPU {id}{throttled.length > 0 && <i class="flag" role="img" aria-label=", throttled">▾</i>}</span>
              <span class="tile-temp">{degrees(numberOf(values["temperature"]))}</span>
            </span>
            <b class="tile-value">{percent(numberOf(values["utilization"]))}</b>
            <Sparkline channel={gpuChannel(id)} />
          </button>
        );
      })}
    </div>
  );
}
