import { useEffect, useRef, useState } from "preact/hooks";
import type { Run } from "../bus/moments";
import { publishAnnotation } from "../bus/rest";
import controls from "../styles/controls.module.css";
import { runEnd } from "../text/moments";
import { fullTime } from "../text/time";
import { useMonitor, useValue } from "../view/hooks";
import styles from "./Annotate.module.css";

const LONGEST = 1_000;

/** A dialog with the form for an annotation. It opens when `monitor.annotating` is set to a time. */
export function Annotate() {
  const monitor = useMonitor();
  const dialog = useRef<HTMLDialogElement>(null);
  const time = monitor.annotating.value;
  useEffect(() => {
    if (time !== null) dialog.current?.showModal();
  }, [time]);
  return (
    <dialog
      ref={dialog}
      class={controls.dialog}
      aria-labelledby="annotate-title"
      data-testid="annotate-dialog"
      onClose={() => (monitor.annotating.value = null)}
    >
      {time !== null && <Form key={time} time={time} close={() => dialog.current?.close()} />}
    </dialog>
  );
}

function Form({ time, close }: { readonly time: number; readonly close: () => void }) {
  const monitor = useMonitor();
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  const runs = useValue(({ moments, now }) => moments.runs.filter((run) => isUnderWay(run, time, now)).reverse());
  const publish = async (form: FormData) => {
    const text = String(form.get("text") ?? "").trim();
    if (text === "") return;
    setBusy(true);
    try {
      const host = monitor.shown?.name ?? null;
      const run = String(form.get("run") ?? "") || null;
      monitor.noteAnnotation(await publishAnnotation({ host, timestamp: time, text, run }));
      close();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : "The server is not responding.");
      setBusy(false);
    }
  };
  return (
    <form
      class={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        void publish(new FormData(event.currentTarget));
      }}
    >
      <h2 id="annotate-title">Annotate {fullTime(time)}</h2>
      <label>
        What happened
        <input class={controls.field} name="text" required maxLength={LONGEST} autocomplete="off" autofocus />
      </label>
      {runs.length > 0 && (
        <label>
          Run
          <select class={controls.field} name="run">
            {runs.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
            <option value="">None</option>
          </select>
        </label>
      )}
      {problem && (
        <p class={styles.problem} role="alert">
          The annotation was not published: {problem}
        </p>
      )}
      <div class={styles.buttons}>
        <button class={controls.button} type="button" onClick={close}>
          Cancel
        </button>
        <button class={`${controls.button} ${controls.on}`} type="submit" disabled={isBusy}>
          Publish
        </button>
      </div>
    </form>
  );
}

function isUnderWay(run: Run, time: number, now: number): boolean {
  return run.started <= time && time <= runEnd(run, now);
}
