import type { Severity } from "../bus/payload";
import { gpuOf } from "../catalogue";
import { gpuOfSubject } from "../store/findings";
import type { Moments } from "../store/moments";
import { annotationLine, findingLine, hasFailed, runEnd, runLine } from "../text/moments";
import type { Zoom } from "../view/view";

/** A time or span marked in a chart. For an annotation, `from` and `to` are the same time. */
export interface Mark {
  readonly from: number;
  readonly to: number;
  /** One line of plain text. It is untrusted, because any program can publish it. */
  readonly label: string;
}

export interface Shade extends Mark {
  readonly severity: Severity;
}

export interface Bar extends Mark {
  /**
   * The row of the bar, counted from 0. There are three rows, so bars overlap only if more than three runs are under
   * way at once.
   */
  readonly lane: number;
  readonly isOpen: boolean;
  readonly hasFailed: boolean;
}

export interface Marks {
  readonly lines: readonly Mark[];
  readonly shades: readonly Shade[];
  readonly bars: readonly Bar[];
  readonly lanes: number;
}

const MAX_LINES = 300;
const MAX_SPANS = 100;
const MAX_LANES = 3;

/**
 * The marks in `span` for a chart of `channel`.
 *
 * If there are too many annotations, findings or runs, only the newest are returned. The chart of a GPU shows no
 * findings about other GPUs.
 */
export function marksIn(moments: Moments, span: Zoom, now: number, channel: string): Marks {
  const overlaps = ({ from, to }: Mark) => to >= span.from && from <= span.to;
  const lines = moments.annotations.map((each) => ({
    from: each.timestamp,
    to: each.timestamp,
    label: annotationLine(each),
  }));
  const shades = moments.findings
    .filter(({ subject }) => concerns(subject, channel))
    .map((each) => ({
      from: each.since,
      to: each.ended ?? now,
      label: findingLine(each),
      severity: each.severity,
    }));
  const runs = moments.runs.map((each) => ({
    from: each.started,
    to: runEnd(each, now),
    label: runLine(each),
    isOpen: each.ended === null,
    hasFailed: hasFailed(each),
  }));
  const bars = inLanes(runs.filter(overlaps).slice(-MAX_SPANS));
  return {
    lines: lines.filter(overlaps).slice(-MAX_LINES),
    shades: shades.filter(overlaps).slice(-MAX_SPANS),
    bars,
    lanes: bars.reduce((most, { lane }) => Math.max(most, lane + 1), 0),
  };
}

/**
 * The labels of the marks at `time`, annotations first.
 *
 * Annotations are included if they are at most `reach` ms away from `time`.
 */
export function labelsAt(marks: Marks, time: number, reach: number): string[] {
  const { shades, bars } = marks;
  const near = linesAt(marks, time, reach);
  const around = [...shades, ...bars].filter(({ from, to }) => from <= time && time <= to);
  return [...near, ...around].map(({ label }) => label);
}

/** The annotations within `reach` ms of `time`. */
export function linesAt({ lines }: Marks, time: number, reach: number): Mark[] {
  return lines.filter(({ from }) => Math.abs(from - time) <= reach);
}

function concerns(subject: string, channel: string): boolean {
  const gpu = gpuOfSubject(subject);
  const charted = gpuOf(channel);
  return gpu === null || charted === null || gpu === charted;
}

/**
 * Puts each mark into the first free lane (row), or into the last lane if none is free.
 *
 * `marks` must be sorted by start time.
 */
function inLanes<T extends Mark>(marks: readonly T[]): (T & { readonly lane: number })[] {
  const ends: number[] = [];
  return marks.map((mark) => {
    const free = ends.findIndex((end) => end <= mark.from);
    const lane = Math.min(free < 0 ? ends.length : free, MAX_LANES - 1);
    ends[lane] = Math.max(ends[lane] ?? -Infinity, mark.to);
    return { ...mark, lane };
  });
}
