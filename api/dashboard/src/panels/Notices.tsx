import { useConnection } from "../connection/useConnection";
import { useFrameWhen } from "../view/hooks";

/** What is wrong and worth a sentence: no server, no past. */
export function Notices() {
  const monitor = useFrameWhen(({ connection, historyProblem }) => `${connection.problem} ${historyProblem}`);
  const badge = useConnection();
  const sentences: string[] = [];
  if (monitor.connection.problem && badge.kind !== "live") sentences.push(badge.detail);
  if (badge.kind === "offline") sentences.push(badge.detail);
  if (monitor.historyProblem && badge.kind !== "reconnecting") {
    sentences.push(`The past is incomplete: ${monitor.historyProblem}`);
  }
  if (sentences.length === 0) return null;
  return (
    <div class="notices" data-testid="notices">
      {sentences.map((sentence) => <p key={sentence}>{sentence}</p>)}
    </div>
  );
}
