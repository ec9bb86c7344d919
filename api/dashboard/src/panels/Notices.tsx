import { useConnection } from "../connection/useConnection";
import type { Monitor } from "../monitor";
import { duration } from "../text/time";
import { useFrameWhen } from "../view/hooks";

const MAX_HOSTS = 12;
const MINUTE_MS = 60_000;

/** A sentence for each problem: with the server, the host, the history, the clock or the address. */
export function Notices() {
  const monitor = useFrameWhen((each) =>
    [each.connection.problem, each.historyProblem, each.hosts.historyProblem, clockNotice(each), each.missingGpu, ...each.hosts.entries.map(({ name }) => name)].join("\n"),
  );
  const badge = useConnection();
  if (badge.kind === "unknown") return <UnknownHost monitor={monitor} />;
  const sentences: string[] = [];
  const isDisconnected = monitor.connection.problem !== null && badge.kind !== "live";
  if (isDisconnected || badge.kind === "offline") sentences.push(badge.detail);
  if (monitor.historyProblem && badge.kind !== "reconnecting") {
    sentences.push(`The history is incomplete: ${monitor.historyProblem}`);
  } else if (monitor.hosts.historyProblem && badge.kind !== "reconnecting") {
    sentences.push(`History is not being saved: ${monitor.hosts.historyProblem}`);
  }
  const aboutClock = clockNotice(monitor);
  if (aboutClock) sentences.push(aboutClock);
  if (monitor.missingGpu !== null) {
    sentences.push(`This host has no GPU ${monitor.missingGpu}. Showing GPU ${monitor.shown?.gpuIds[0]}.`);
  }
  if (sentences.length === 0) return null;
  return (
    <div class="notices" data-testid="notices">
      {sentences.map((sentence) => <p key={sentence}>{sentence}</p>)}
    </div>
  );
}

function clockNotice({ clockAhead, shown }: Monitor): string {
  const minutes = Math.round(Math.abs(clockAhead) / MINUTE_MS);
  if (shown === null || Math.abs(clockAhead) <= MINUTE_MS) return "";
  const offset = `${duration(minutes * MINUTE_MS)} ${clockAhead > 0 ? "ahead of" : "behind"} yours`;
  const notSaved = shown.isOutsideHistory ? " That is too far off to save its samples: the charts show only what has arrived since this page was opened." : "";
  return `This host's clock is ${offset}. The charts use its time.${notSaved}`;
}

function UnknownHost({ monitor }: { monitor: Monitor }) {
  const name = monitor.view.host ?? "";
  return (
    <div class="notices" data-testid="notices">
      <p>
        This server has received nothing from a host named “{name}”. Its values appear here once its collector reports.
        {monitor.hosts.entries.length > 0 && " Known hosts:"}
        {monitor.hosts.entries.slice(0, MAX_HOSTS).map((host) => (
          <button key={host.name} type="button" class="button" onClick={() => monitor.change({ host: host.name, gpu: null, zoom: null })}>
            {host.name}
          </button>
        ))}
      </p>
    </div>
  );
}
