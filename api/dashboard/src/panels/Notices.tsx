import { useConnection } from "../connection/useConnection";
import { useFrameWhen } from "../view/hooks";

/** What is wrong and worth a sentence: no server, no past, none to come. */
export function Notices() {
  const monitor = useFrameWhen(
    ({ connection, historyProblem, storeProblem }) => `${connection.problem} ${historyProblem} ${storeProblem}`,
  );
  const badge = useConnection();
  const sentences: string[] = [];
  if (monitor.connection.problem && badge.kind !== "live") sentences.push(badge.detail);
  if (badge.kind === "offline") sentences.push(badge.detail);
  if (monitor.historyProblem && badge.kind !== "reconnecting") {
    sentences.push(`The past is incomplete: ${monitor.historyProblem}`);
  } else if (monitor.storeProblem && badge.kind !== "reconnecting") {
    sentences.push(`The history does not grow: ${monitor.storeProblem}`);
  }
  if (sentences.length === 0) return null;
  return (
    <div class="notices" data-testid="notices">
      {sentences.map((sentence) => <p key={sentence}>{sentence}</p>)}
    </div>
  );
}
