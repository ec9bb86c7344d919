import families from "./catalogue.json";

/** One field of a payload, as the contract's catalogue (telemetry/channels.py) describes it. */
export interface Field {
  readonly name: string;
  readonly kind: string;
  readonly unit: string;
  readonly help: string;
  readonly fixed: boolean;
}

export interface Family {
  readonly name: string;
  readonly channel: string;
  readonly help: string;
  readonly fields: readonly Field[];
}

export const FAMILIES: readonly Family[] = families;
export const STATUS_CHANNEL = "system/status";

const GPU_CHANNEL = /^system\/gpu\/(\d{1,4})$/;
const BY_CHANNEL = new Map(FAMILIES.map((family) => [family.channel, family]));
const GPU_FAMILY = FAMILIES.find((family) => family.name === "gpu");

export function gpuChannel(id: string): string {
  return `system/gpu/${id}`;
}

/** The GPU that a channel is about; null for the channels of other families, known or not. */
export function gpuOf(channel: string): string | null {
  return GPU_CHANNEL.exec(channel)?.[1] ?? null;
}

/** The family of a channel; null for one that this page does not know, which is no error. */
export function familyOf(channel: string): Family | null {
  if (GPU_CHANNEL.test(channel)) return GPU_FAMILY ?? null;
  return BY_CHANNEL.get(channel) ?? null;
}

function fieldOf(family: string, name: string): Field | undefined {
  return FAMILIES.find((each) => each.name === family)?.fields.find((each) => each.name === name);
}

/** A tooltip for a value: what the catalogue says it means. */
export function helpOf(family: string, name: string): string {
  return fieldOf(family, name)?.help ?? "";
}

export function unitOf(family: string, name: string): string {
  return fieldOf(family, name)?.unit ?? "";
}
