import { numberOf, textOf } from "../bus/payload";
import { gpuChannel, isInstanceOf } from "../catalogue";
import { type HostData, type Newest, STALE_INTERVALS } from "../store/host";
import { exactBytes, share, shortSizeOf } from "../text/numbers";
import { useValue } from "../view/hooks";
import { Flag } from "./Flag";
import styles from "./GpuInstances.module.css";
import { Hint } from "./Hint";
import { Meter, MeterRow } from "./Meter";

const NEARLY_FULL = 95;

/** The MIG instances of a GPU and their memory. Nothing is rendered for a GPU without instances. */
export function GpuInstances({ id }: { readonly id: string }) {
  const shown = useValue((monitor) => (monitor.shown ? instancesOf(monitor.shown, id) : []));
  if (shown.length === 0) return null;
  return (
    <ul class={styles.instances} data-testid="gpu-instances">
      {shown.map(([channel, { values }]) => {
        const used = numberOf(values.memory_used);
        const total = numberOf(values.memory_total);
        const name = `MIG ${channel.split("/").at(-1)}`;
        const text = shortSizeOf(used, total);
        return (
          <li key={channel}>
            <MeterRow
              label={
                <>
                  <Hint
                    text={[textOf(values.name), textOf(values.uuid), exactBytes(used, total)]
                      .filter(Boolean)
                      .join(" · ")}
                  >
                    {name}
                  </Hint>
                  {(share(used, total) ?? 0) >= NEARLY_FULL && <Flag icon="▲" label="nearly full" />}
                </>
              }
            >
              <b>{text}</b>
            </MeterRow>
            <Meter
              key={`${used} ${total}`}
              label={`Memory of ${name} of GPU ${id}`}
              value={() => share(used, total)}
              text={() => text}
              tint="violet"
              warnAt={NEARLY_FULL}
            />
          </li>
        );
      })}
    </ul>
  );
}

/** A note that explains why the page shows no utilization for a GPU in MIG mode. */
export function MigNote({ id }: { readonly id: string }) {
  const applies = useValue(
    (monitor) =>
      monitor.shown !== null &&
      monitor.number(gpuChannel(id), "utilization") === null &&
      instancesOf(monitor.shown, id).length > 0,
  );
  if (!applies) return null;
  return (
    <p>
      <small data-testid="gpu-mig-note">In MIG mode the driver does not report utilization for the whole GPU.</small>
    </p>
  );
}

function instancesOf(host: HostData, id: string): [string, Newest][] {
  // A deleted instance has no new samples although its GPU does, so instances with only old samples are left out.
  const since = (host.newest.get(gpuChannel(id))?.timestamp ?? 0) - STALE_INTERVALS * host.intervalMs;
  return [...host.newest]
    .filter(([channel, { timestamp }]) => isInstanceOf(channel, id) && timestamp >= since)
    .sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
}
