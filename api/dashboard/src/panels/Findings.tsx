import type { Finding, Severity } from "../bus/payload";
import type { Monitor } from "../monitor";
import { gpuOfSubject, worstFirst } from "../store/findings";
import controls from "../styles/controls.module.css";
import { SIGNS } from "../text/gpuState";
import { momentTime } from "../text/time";
import { verdictOf } from "../text/verdict";
import { useMonitor, useValue } from "../view/hooks";
import { Text } from "../view/Text";
import { zoomTo } from "../view/view";
import styles from "./Findings.module.css";
import { Pill, type PillKind } from "./Pill";

const SHOWN = 3;
const PILLS: Readonly<Record<Severity, PillKind>> = { critical: "alarm", warning: "note", info: "info" };

/** One line about all findings of the displayed host. */
export function Verdict() {
  const verdict = useValue(({ findings, badge, shown, mutedFindings }) =>
    verdictOf(findings, { badge: badge.kind, gpus: shown?.gpuIds.length ?? 0, muted: mutedFindings.length }),
  );
  const worst = useValue(({ findings }) => worstFirst(findings)[0]?.severity ?? "info");
  if (verdict === null) return null;
  return (
    <p class={styles.verdict} role="status">
      <Pill kind={verdict.kind === "calm" ? "calm" : PILLS[worst]} text="" testId="verdict">
        {verdict.text}
      </Pill>
    </p>
  );
}

/** A card for each unmuted finding of the displayed host, worst first, and a list of the muted findings. */
export function Findings() {
  const { findings, muted } = useValue((monitor) => ({
    findings: worstFirst(monitor.findings),
    muted: monitor.mutedFindings,
  }));
  if (findings.length + muted.length === 0) return null;
  const [first, rest] = [findings.slice(0, SHOWN), findings.slice(SHOWN)];
  return (
    <section class={styles.findings} aria-label="Findings">
      <Cards findings={first} />
      {rest.length > 0 && (
        <details>
          <summary>More findings: {rest.length}</summary>
          <Cards findings={rest} />
        </details>
      )}
      {muted.length > 0 && <MutedList findings={muted} />}
    </section>
  );
}

function MutedList({ findings }: { readonly findings: readonly Finding[] }) {
  const { muted } = useMonitor();
  return (
    <details class={styles.muted} data-testid="muted">
      <summary>Findings muted in this browser: {findings.length}</summary>
      <ul>
        {findings.map((finding) => (
          <li key={finding.channel}>
            {finding.summary}{" "}
            <button type="button" class={controls.button} onClick={() => muted.unmute(finding)}>
              Unmute
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}

function Cards({ findings }: { readonly findings: readonly Finding[] }) {
  return (
    <ul>
      {findings.map((finding) => (
        <Card key={finding.channel} finding={finding} />
      ))}
    </ul>
  );
}

function Card({ finding }: { readonly finding: Finding }) {
  const monitor = useMonitor();
  const { severity, since, summary, advice, evidence } = finding;
  const zoom = evidence && zoomTo(evidence.from, evidence.to);
  return (
    <li class={`${styles.card} ${styles[severity]}`} data-testid="finding">
      <div class={styles.head}>
        <b>
          <i aria-hidden="true">{SIGNS[severity]}</i> {severity}
        </b>
        <span class={styles.since}>
          since <Text key={since} read={({ now }) => momentTime(since, now)} />
        </span>
        <span class={styles.actions}>
          {zoom && (
            <button
              type="button"
              class={controls.button}
              onClick={() => monitor.change({ zoom, ...gpuOf(finding, monitor) })}
            >
              Show in charts
            </button>
          )}
          <button type="button" class={controls.button} onClick={() => monitor.muted.mute(finding)}>
            Mute
          </button>
        </span>
      </div>
      <p class={styles.summary}>{summary}</p>
      <p>{advice}</p>
    </li>
  );
}

function gpuOf({ subject }: Finding, monitor: Monitor): { readonly gpu?: string } {
  const gpu = gpuOfSubject(subject);
  return gpu !== null && monitor.shown?.gpuIds.includes(gpu) ? { gpu } : {};
}
