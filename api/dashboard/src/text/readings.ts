import { numberOf, textOf } from "../bus/payload";
import type { Field } from "../catalogue";
import { DASH, energy, megahertz, rate, size } from "./numbers";

const ABBREVIATIONS = ["ECC", "ID", "MIG", "NVLink", "PCI", "PCIe", "RX", "SM", "TX", "UUID"];
const DIGITS = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const IN_UNIT: Readonly<Record<string, (value: number) => string>> = {
  "%": (value) => `${DIGITS.format(value)}%`,
  "°C": (value) => `${DIGITS.format(value)} °C`,
  bytes: size,
  J: energy,
  "MB/s": rate,
  MHz: megahertz,
};
/** How to format fields whose values are codes, not quantities. */
const SPECIAL: Readonly<Record<string, (value: number) => string>> = {
  performance_state: (value) => `P${value}`,
  remapping_pending: yesOrNo,
  retirement_pending: yesOrNo,
};

/** A field's label, such as `ECC errors uncorrected volatile` for `ecc_errors_uncorrected_volatile`. */
export function labelOf(name: string): string {
  const words = name.split("_").map((word) => ABBREVIATIONS.find((form) => form.toLowerCase() === word) ?? word);
  const text = words.join(" ");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** A value as text, with its unit. */
export function readingOf(field: Field, value: unknown): string {
  if (field.kind === "text") return textOf(value) ?? DASH;
  const number = numberOf(value);
  if (number === null) return DASH;
  const format = SPECIAL[field.name] ?? IN_UNIT[field.unit];
  return format ? format(number) : `${DIGITS.format(number)} ${field.unit}`.trim();
}

function yesOrNo(value: number): string {
  return value === 0 ? "no" : "yes";
}
