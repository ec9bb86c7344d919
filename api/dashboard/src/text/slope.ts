const MEGABYTE = 1e6;
const GIGABYTE = 1e9;

/** Formats a growth rate in bytes per minute, for example as `+118 MB/min` or `steady`; empty if unknown. */
export function slopeText(slope: number | null): string {
  if (slope === null) return "";
  const size = Math.abs(slope);
  if (size < MEGABYTE / 2) return "steady";
  const sign = slope > 0 ? "+" : "−";
  const amount = size < GIGABYTE ? `${Math.round(size / MEGABYTE)} MB` : `${(size / GIGABYTE).toFixed(1)} GB`;
  return `${sign}${amount}/min`;
}
