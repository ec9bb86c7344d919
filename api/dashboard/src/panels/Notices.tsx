import { useConnection } from "../connection/useConnection";
import type { Monitor } from "../monitor";
import { duration } from "../text/time";
import { useFrameWhen } from "../view/hooks";

const MOST_HOSTS = 12;
const MINUTE_MS = 60_000;

/** What is wrong and worth a sentence: no server, no such host, no past, none to come, another time. */
export function Notices() {
  const monitor = useFrameWhen((each) =>
    [each.connection.problem, each.historyProblem, each.hosts.storeProblem, clockWords(each), each.missingGpu, ...each.hosts.entries.map(({ name }) => name)].join("\n"),
  );
  const badge = useConnection();
  if (badge.kind === "unknown") return <UnknownHost monitor={monitor} />;
  const sentences: string[] = [];
  const isCutOff = monitor.connection.problem !== null && badge.kind !== "live";
  if (isCutOff || badge.kind === "offline") sentences.push(badge.detail);
  if (monitor.historyProblem && badge.kind !== "reconnecting") {
    sentences.push(`The past is incomplete: ${monitor.historyProblem}`);
  } else if (monitor.hosts.storeProblem && badge.kind !== "reconnecting") {
    sentences.push(`The history does not grow: ${monitor.hosts.storeProblem}`);
  }
  const aboutTheClock = clockWords(monitor);
  if (aboutTheClock) sentences.push(aboutTheClock);
  if (monitor.missingGpu !== null) {
    sentences.push(`This host has no GPU ${monitor.missingGpu}; GPU ${monitor.shown?.gpuIds[0]} is shown.`);
  }
  if (sentences.length === 0) return null;
  return (
    <div class="notices" data-testid="notices">
      {sentences.map((sentence) => <p key={sentence}>{sentence}</p>)}
    </div>
  );
}

function clockWords({ clockAhead, shown }: Monitor): string {
  const minutes = Math.round(Math.abs(clockAhead) / MINUTE_MS);
  if (shown === null || Math.abs(clockAhead) <= MINUTE_MS) return "";
  const apart = `${duration(minutes * MINUTE_MS)} ${clockAhead > 0 ? "ahead of" : "behind"} yours`;
  const unkept = shown.isOutsideHistory ? " Samples of a time so far off are not kept: the past is what has come since this page was opened." : "";
  return `This host's clock is ${apart}; times in the charts are its own.${unkept}`;
}

function UnknownHost({ monitor }: { monitor: Monitor }) {
  const name = monitor.view.host ?? "";
  return (
    <div class="notices" data-testid="notices">
      <p>
        No collector of a host named “{name}” has reported to this server; its values appear here once one does.
        {monitor.hosts.entries.length > 0 && " Known hosts:"}
        {monitor.hosts.entries.slice(0, MOST_HOSTS).map((host) => (
          <button key={host.name} type="button" class="button" onClick={() => monitor.change({ host: host.name, gpu: null, zoom: null })}>
            {host.name}
          </button>
        ))}
      </p>
    </div>
  );
}
