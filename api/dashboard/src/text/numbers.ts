/** The text for a value that was not reported. */
export const DASH = "–";

// Sizes are in binary units, as in nvidia-smi and free, so a GPU that is sold with 24 GB of memory shows 24 GiB.
// Rates are in decimal units, as in the catalogue and as usual for disks and networks: 1 MB/s is 10^6 bytes per second.
const KIB = 1024;
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

const GROUPED = new Intl.NumberFormat("en");

// A number from here on is not written in the next smaller unit, because it rounds to 1.00: 0.9995 MB/s is shown as
// 1.00 MB/s, not as 1,000 kB/s.
const ONE = 0.9995;

type Maybe = number | null | undefined;

function isMissing(value: Maybe): value is null | undefined {
  return value == null || !Number.isFinite(value);
}

export function percent(value: Maybe): string {
  return isMissing(value) ? DASH : `${Math.round(value)}%`;
}

export function degrees(value: Maybe): string {
  return isMissing(value) ? DASH : `${Math.round(value)}°`.replace("-", "−");
}

/** A whole number with thousands separators. */
export function grouped(value: Maybe): string {
  return isMissing(value) ? DASH : GROUPED.format(Math.round(value));
}

/** A whole number with its unit. */
export function whole(value: Maybe, unit: string): string {
  return isMissing(value) ? DASH : `${grouped(value)} ${unit}`;
}

export function megahertz(value: Maybe): string {
  if (isMissing(value)) return DASH;
  return value >= 1000 ? `${(value / 1000).toFixed(2)} GHz` : `${Math.round(value)} MHz`;
}

/**
 * A frequency without its unit, such as `2.10` in `2.10 / 3.80 GHz`.
 *
 * The number is in the unit in which `highest` is displayed. If `highest` is unknown, the text includes the unit.
 */
export function megahertzBeside(value: Maybe, highest: Maybe): string {
  if (isMissing(value) || isMissing(highest)) return megahertz(value);
  return highest >= 1000 ? (value / 1000).toFixed(2) : String(Math.round(value));
}

/** The number and the unit of a rate given in MB/s. The number has about three significant digits. */
export function rateParts(value: Maybe): { readonly number: string; readonly unit: string } {
  if (isMissing(value)) return { number: DASH, unit: "" };
  if (value < ONE) return { number: threeDigits(value * 1000, 1), unit: "kB/s" };
  if (value < 1000 * ONE) return { number: threeDigits(value, 2), unit: "MB/s" };
  return { number: threeDigits(value / 1000, 2), unit: "GB/s" };
}

/** A rate as text, from a number in MB/s: `24.6 MB/s`. */
export function rate(value: Maybe): string {
  const { number, unit } = rateParts(value);
  return unit === "" ? number : `${number} ${unit}`;
}

/** Energy as text, from a number of joules: `79.9 kWh`. */
export function energy(joules: Maybe): string {
  if (isMissing(joules)) return DASH;
  const wattHours = joules / 3600;
  return wattHours >= 1000 ? `${threeDigits(wattHours / 1000, 2)} kWh` : `${threeDigits(wattHours, 1)} Wh`;
}

function threeDigits(value: number, most: number): string {
  if (value >= 1000) return GROUPED.format(Math.round(value));
  if (value === 0) return "0";
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? Math.min(most, 1) : most);
}

function unitFor(bytes: number): number {
  let unit = 0;
  while (unit + 1 < UNITS.length && bytes >= KIB ** (unit + 1)) unit += 1;
  return unit;
}

function inUnit(bytes: number, unit: number): string {
  const value = bytes / KIB ** unit;
  return value.toFixed(unit < 2 || value >= 999.5 ? 0 : 1);
}

export function size(bytes: Maybe): string {
  if (isMissing(bytes)) return DASH;
  const unit = unitFor(bytes);
  return `${inUnit(bytes, unit)} ${UNITS[unit]!}`;
}

/** `12.8 GiB / 16 GiB`: both sizes have the unit of the total. A whole-number total has no decimals. */
export function sizeOf(used: Maybe, total: Maybe): string {
  if (isMissing(total)) return `${size(used)} / ${DASH}`;
  const unit = unitFor(total);
  const text = (value: number) => `${inUnit(value, unit)} ${UNITS[unit]!}`;
  return `${isMissing(used) ? DASH : text(used)} / ${text(total).replace(/\.0(?= )/, "")}`;
}

/** `6.2 / 8.0 GiB`: both sizes are in the unit of the total. */
export function shortSizeOf(used: Maybe, total: Maybe): string {
  if (isMissing(total)) return `${size(used)} / ${DASH}`;
  const unit = unitFor(total);
  return `${isMissing(used) ? DASH : inUnit(used, unit)} / ${inUnit(total, unit)} ${UNITS[unit]!}`;
}

export function exactBytes(used: Maybe, total: Maybe): string {
  return `${grouped(used)} / ${grouped(total)} bytes`;
}

/** `used` as a percentage of `total`; null if a number is missing or `total` is not positive. */
export function share(used: Maybe, total: Maybe): number | null {
  if (isMissing(used) || isMissing(total) || total <= 0) return null;
  return (100 * used) / total;
}
