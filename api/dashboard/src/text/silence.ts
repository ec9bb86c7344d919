import { numberOf } from "../bus/payload";
import { gpuChannel } from "../catalogue";
import type { HostData } from "../store/host";

const READINGS = ["utilization", "memory_used", "temperature", "power"];

/**
 * Why a GPU reports no readings: the collector's sentence about this GPU, or a generic text if there
 * is none. Null if the GPU reports at least one of `READINGS`, or has no sample at all.
 */
export function silenceOfGpu(id: string, host: HostData | null): string | null {
  const values = host?.newest.get(gpuChannel(id))?.values ?? {};
  if (values.utilization === undefined || READINGS.some((name) => numberOf(values[name]) !== null)) return null;
  const sentences = host?.status?.sensors.gpu?.reason?.split(/(?=GPU \d+\b)/) ?? [];
  const own = sentences.find((sentence) => new RegExp(`^GPU ${id}\\b`).test(sentence));
  return own?.trim() ?? `GPU ${id} is not reporting`;
}
