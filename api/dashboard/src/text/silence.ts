import { numberOf } from "../bus/payload";
import { gpuChannel } from "../catalogue";
import type { HostData } from "../store/host";

const READINGS = ["utilization", "memory_used", "temperature", "power"];

/**
 * Why a GPU reports nothing, as the collector's sentence for that GPU, if there is one; null for a
 * GPU that reports anything.
 */
export function silenceOfGpu(id: string, host: HostData | null): string | null {
  const values = host?.newest.get(gpuChannel(id))?.values ?? {};
  if (values.utilization === undefined || READINGS.some((name) => numberOf(values[name]) !== null)) return null;
  const sentences = host?.status?.sensors.gpu?.reason?.split(/(?=GPU \d+\b)/) ?? [];
  const own = sentences.find((sentence) => new RegExp(`^GPU ${id}\\b`).test(sentence));
  return own?.trim() ?? `GPU ${id} is not reporting`;
}
