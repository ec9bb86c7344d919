import { STATUS_CHANNEL } from "../catalogue";
import { type Annotation, annotationOf, RUNS, type Run, runOf } from "./moments";
import {
  type CollectorStatus,
  type Finding,
  findingOf,
  isObject,
  numberOf,
  type Sample,
  sampleOf,
  statusOf,
} from "./payload";

/**
 * A parsed frame.
 *
 * `ageSeconds` is a sample's age as reported by the server; null if the server forwarded the sample immediately.
 */
export type Frame =
  | { readonly kind: "sample"; readonly sample: Sample; readonly ageSeconds: number | null }
  | { readonly kind: "status"; readonly status: CollectorStatus }
  | { readonly kind: "finding"; readonly finding: Finding }
  | { readonly kind: "annotation"; readonly annotation: Annotation }
  | { readonly kind: "run"; readonly run: Run }
  | { readonly kind: "removed"; readonly host: string; readonly channel: string };

/**
 * Parse a WebSocket message, an array of frames.
 *
 * Frames with unknown events or channels are skipped, because a newer server may send them.
 */
export function parseFrames(text: string): Frame[] {
  let frames: unknown;
  try {
    frames = JSON.parse(text);
  } catch {
    return [];
  }
  return Array.isArray(frames) ? frames.map(frameOf).filter((frame) => frame !== null) : [];
}

function frameOf(frame: unknown): Frame | null {
  if (!(isObject(frame) && isObject(frame.data))) return null;
  const { channel, event, data } = frame;
  if (event === "status" && channel === STATUS_CHANNEL) {
    const status = statusOf(data);
    return status && { kind: "status", status };
  }
  if (typeof channel !== "string") return null;
  if (event === "removed" && typeof data.host === "string") return { kind: "removed", host: data.host, channel };
  if (event === "finding") {
    const finding = findingOf(data);
    return finding && { kind: "finding", finding };
  }
  if (event === "annotation") {
    const annotation = annotationOf(data);
    return annotation && { kind: "annotation", annotation };
  }
  if (event === "run") {
    const run = runOf({ ...data, id: channel.slice(RUNS.length) });
    return run && { kind: "run", run };
  }
  if (event !== "metrics") return null;
  const sample = sampleOf(channel, data);
  return sample && { kind: "sample", sample, ageSeconds: numberOf(frame.age_seconds) };
}
