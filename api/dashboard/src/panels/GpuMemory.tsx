import { numberOf, textOf } from "../bus/payload";
import { gpuChannel, helpOf } from "../catalogue";
import { exactBytes, percent, share, shortSizeOf } from "../text/numbers";
import { useFrame } from "../view/hooks";
import { reasonOf } from "./GpuPanel";
import { Meter } from "./Meter";

const NEARLY_FULL = 95;

/** The sidebar's widget: how much memory of each GPU is in use, always in view. */
export function GpuMemory() {
  const monitor = useFrame();
  const host = monitor.shown;
  const ids = host?.gpuIds ?? [];
  const at = performance.now();
  return (
    <section class="panel gpu-memory" aria-labelledby="gpu-memory-title" data-testid="gpu-memory">
      <header class="panel-head"><h2 id="gpu-memory-title">GPU Memory</h2></header>
      {host === null || ids.length === 0 ? (
        <p class="absent small">{host && host.status ? "No GPU." : reasonOf(host)}</p>
      ) : (
        <ul class="gpu-memory-list">
          {ids.map((id) => {
            const values = host.newest.get(gpuChannel(id))?.values ?? {};
            const used = numberOf(values["memory_used"]);
            const total = numberOf(values["memory_total"]);
            const full = share(used, total);
            const text = shortSizeOf(used, total);
            const warns = full !== null && full >= NEARLY_FULL;
            return (
              <li key={id} class={monitor.frozen === null && host.isStale(gpuChannel(id), at) ? "is-stale" : ""} data-testid={`gpu-memory-${id}`} title={textOf(values["name"]) ?? undefined}>
                <div class="row">
                  <span class="label">GPU {id}{values["memory_kind"] === "unified" && <small title={helpOf("gpu", "memory_kind")}> unified</small>}{warns && <em class="warn-word">nearly full</em>}</span>
                  <span class="value" title={exactBytes(used, total)}><b>{text}</b> <small>{percent(full)}</small></span>
                </div>
                <Meter label={`Memory of GPU ${id}`} value={full} text={text} tint="green" warnAt={NEARLY_FULL} />
              </li>
            );
          })}
        </ul>
      )}
    </section>
  );
}
