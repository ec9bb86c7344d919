import type { Run } from "../bus/moments";
import { runEnd } from "../text/moments";
import { type Range, rangeMs } from "./ranges";
import { type View, zoomTo } from "./view";

interface Context {
  readonly now: number;
  /** The ranges that the user can choose. */
  readonly ranges: readonly Range[];
}

/**
 * The view of a run: its host and its first GPU, over the whole span of the run. While the run is under way, the view
 * shows the shortest of `ranges` that includes the whole run. A range always ends at the current time, so the view
 * moves with the run. If no range is long enough, the span is fixed and ends at `now`.
 */
export function viewOfRun(run: Run, { now, ranges }: Context): Partial<View> {
  const { started, host, gpus, id } = run;
  const isUnderWay = run.ended === null && !run.isLost;
  const range = isUnderWay ? ranges.find((each) => started >= now - rangeMs(each)) : undefined;
  const end = Math.max(runEnd(run, now), started + MIN_SPAN_MS);
  const span = range ? { range, zoom: null } : { range: null, zoom: zoomTo(started, end) };
  const [gpu] = gpus;
  return { page: "host", host, run: id, gpu: gpu !== undefined && /^\d{1,4}$/.test(gpu) ? gpu : null, ...span };
}

const MIN_SPAN_MS = 1_000;
