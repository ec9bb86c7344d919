import { isObject, numberOf, textOf, type Values } from "../bus/payload";
import { helpOf, processesChannel } from "../catalogue";
import { DASH, size } from "../text/numbers";
import { duration } from "../text/time";
import { useValue } from "../view/hooks";
import styles from "./GpuProcesses.module.css";
import { Hint } from "./Hint";

const SHOWN = 6;

/** A table of a GPU's top six processes by memory, and the number of other processes. */
export function GpuProcesses({ id }: { readonly id: string }) {
  // The table is rendered for each sample of this channel, because the channel has few samples.
  const newest = useValue((monitor) => monitor.shown?.newest.get(processesChannel(id)));
  const values = newest?.values;
  if (values === undefined) return null; // an older collector does not report processes
  const listed = Array.isArray(values.processes) ? values.processes.filter(isObject) : null;
  const rows = listed?.slice(0, SHOWN) ?? [];
  const more = (listed?.length ?? 0) - rows.length + (numberOf(values.more) ?? 0);
  const note = textOf(values.note);
  return (
    <div class={styles.processes} data-testid="gpu-processes">
      {rows.length === 0 ? (
        <p class={styles.small}>
          {listed === null ? "This GPU does not report its processes." : "No processes are using this GPU."}
        </p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">
                <Hint text={helpOf("gpu_processes", "processes")}>Process on GPU {id}</Hint>
              </th>
              <th scope="col" class={styles.user}>
                User
              </th>
              <th scope="col" class={styles.pid}>
                PID
              </th>
              <th scope="col">Memory</th>
              <th scope="col" class={styles.since}>
                Running for
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row key={`${row.pid}/${row.gpu_instance}`} row={row} now={newest?.timestamp ?? 0} />
            ))}
          </tbody>
        </table>
      )}
      {more > 0 && <p class={styles.small}>Processes that use less memory and are not listed: {more}.</p>}
      {note && (
        <p class={styles.small} data-testid="gpu-processes-note">
          {note}
        </p>
      )}
    </div>
  );
}

function Row({ row, now }: { readonly row: Values; readonly now: number }) {
  const started = numberOf(row.started);
  const kind = textOf(row.kind);
  const instance = numberOf(row.gpu_instance);
  return (
    <tr>
      <th scope="row">
        {textOf(row.command) ?? textOf(row.name) ?? DASH}
        {kind !== null && kind !== "compute" && <small> {kind}</small>}
        {instance !== null && <small> GI {instance}</small>}
      </th>
      <td class={styles.user}>{textOf(row.user) ?? DASH}</td>
      <td class={styles.pid}>{numberOf(row.pid) ?? DASH}</td>
      <td>{size(numberOf(row.memory_used))}</td>
      <td class={styles.since}>{started === null ? DASH : duration(now - started)}</td>
    </tr>
  );
}
