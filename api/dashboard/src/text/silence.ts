import { numberOf, type CollectorStatus, type Values } from "../bus/payload";

const READINGS = ["utilization", "memory_used", "temperature", "power"];

/**
 * Why a GPU tells nothing, in the words of the collector, which has a sentence for each that it
 * lost; null for one that tells something.
 */
export function silenceOf(id: string, values: Values, status: CollectorStatus | null): string | null {
  if (values["utilization"] === undefined || READINGS.some((name) => numberOf(values[name]) !== null)) return null;
  const sentences = status?.sensors["gpu"]?.reason?.split(/(?=GPU \d+\b)/) ?? [];
  const own = sentences.find((sentence) => new RegExp(`^GPU ${id}\\b`).test(sentence));
  return own?.trim() ?? `GPU ${id} reports nothing`;
}
