import { textOf } from "../bus/payload";
import { gpuChannel, helpOf } from "../catalogue";
import type { Monitor } from "../monitor";
import { isGpuDisabled, noGpuReason } from "../text/noGpu";
import { exactBytes, percent, share, shortSizeOf } from "../text/numbers";
import { silenceOfGpu } from "../text/silence";
import { useValue } from "../view/hooks";
import { Text } from "../view/Text";
import { Flag } from "./Flag";
import styles from "./GpuMemory.module.css";
import { Hint } from "./Hint";
import { Meter, MeterRow } from "./Meter";
import { Panel } from "./Panel";
import panels from "./Panel.module.css";

const NEARLY_FULL = 95;

/** The panel in the sidebar that shows the memory in use on each GPU. */
export function GpuMemory() {
  const { ids, absence } = useValue(({ shown }) => ({
    ids: shown?.gpuIds ?? [],
    absence: shown?.status && !isGpuDisabled(shown) ? "No GPU." : noGpuReason(shown),
  }));
  return (
    <Panel id="gpu-memory" title="GPU Memory" class={styles.panel}>
      {ids.length === 0 ? (
        <p class={styles.none}>{absence}</p>
      ) : (
        <ul class={styles.list}>
          {ids.map((id) => (
            <Bar key={id} id={id} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Bar({ id }: { id: string }) {
  const channel = gpuChannel(id);
  const used = (monitor: Monitor) => monitor.number(channel, "memory_used");
  const total = (monitor: Monitor) => monitor.number(channel, "memory_total");
  const full = (monitor: Monitor) => share(used(monitor), total(monitor));
  const text = (monitor: Monitor) => shortSizeOf(used(monitor), total(monitor));
  const explain = (monitor: Monitor) => {
    const { name, memory_kind: kind } = monitor.values(channel);
    const shared = kind === "unified" ? `${kind}: ${helpOf("gpu", "memory_kind")}` : null;
    return [textOf(name), exactBytes(used(monitor), total(monitor)), shared].filter(Boolean).join(" · ");
  };
  const { warns, unified, silent, isStale } = useValue((monitor) => ({
    warns: (full(monitor) ?? 0) >= NEARLY_FULL,
    unified: monitor.values(channel).memory_kind === "unified",
    silent: silenceOfGpu(id, monitor.shown),
    isStale: monitor.isStale(channel),
  }));
  return (
    <li class={isStale ? panels.stale : ""} data-testid={`gpu-memory-${id}`}>
      <MeterRow
        class={styles.row}
        label={
          <>
            <Hint text={explain}>
              GPU {id}
              {unified && <small> unified</small>}
            </Hint>
            {warns && <Flag icon="▲" label="nearly full" />}
            {silent && <Flag icon="!" label={silent} />}
          </>
        }
      >
        <b>
          <Text read={text} />
        </b>{" "}
        <small class={unified ? styles.crowded : styles.share}>
          <Text read={(each) => percent(full(each))} />
        </small>
      </MeterRow>
      <Meter label={`Memory of GPU ${id}`} value={full} text={text} tint="violet" warnAt={NEARLY_FULL} />
    </li>
  );
}
