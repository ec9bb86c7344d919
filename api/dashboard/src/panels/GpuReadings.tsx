import { useState } from "preact/hooks";
import { FAMILIES, gpuChannel } from "../catalogue";
import { labelOf, readingOf } from "../text/readings";
import { Text } from "../view/Text";
import styles from "./GpuReadings.module.css";
import { Hint } from "./Hint";

const FIELDS = (FAMILIES.find(({ name }) => name === "gpu")?.fields ?? []).filter(({ kind }) =>
  ["number", "integer", "text"].includes(kind),
);

/** A list of all numeric and text fields of a GPU. The list is rendered only while it is open. */
export function GpuReadings({ id }: { readonly id: string }) {
  const [open, setOpen] = useState(false);
  return (
    <details class={styles.all} data-testid="gpu-readings" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>All metrics of GPU {id}</summary>
      {open && (
        <dl class={styles.readings}>
          {FIELDS.map((field) => (
            <div key={field.name} data-testid={`gpu-reading-${field.name}`}>
              <dt>
                <Hint text={field.help}>{labelOf(field.name)}</Hint>
              </dt>
              <dd>
                <Text read={(monitor) => readingOf(field, monitor.values(gpuChannel(id))[field.name])} />
              </dd>
            </div>
          ))}
        </dl>
      )}
    </details>
  );
}
