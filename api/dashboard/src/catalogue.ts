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
  /** Whether there is a history of it; else only the newest is known. */
  readonly stored: boolean;
  readonly fields: readonly Field[];
}

export const FAMILIES: readonly Family[] = families;
export const STATUS_CHANNEL = "system/status";

const GPU_CHANNEL = /^system\/gpu\/(\d{1,4})$/;
const BY_CHANNEL = new Map(FAMILIES.map((family) => [family.channel, family]));
// What stands in the braces of a channel's name is a number.
const SEVERAL = FAMILIES.filter(({ channel }) => channel.includes("{")).map(
  (family) => [new RegExp(`^${family.channel.replace(/\{\w+\}/g, "\\d{1,4}")}$`), family] as const,
);

export function gpuChannel(id: string): string {
  return `system/gpu/${id}`;
}

export function processesChannel(id: string): string {
  return `${gpuChannel(id)}/processes`;
}

/** Whether a channel is that of a MIG instance of the GPU. */
export function isInstanceOf(channel: string, id: string): boolean {
  return channel.startsWith(`${gpuChannel(id)}/mig/`);
}

/** Whether the page keeps the past of a family: only what it draws. */
export function isCharted(family: Family): boolean {
  return family.stored && family.name !== "gpu_mig";
}

/** The channel of a family of which there are several: what stands in the braces is in `place`. */
export function channelAt(family: Family, place: Readonly<Record<string, unknown>>): string {
  return family.channel.replace(/\{(\w+)\}/g, (_, name: string) => String(place[name]));
}

/** The GPU that a channel is about; null for the channels of other families, known or not. */
export function gpuOf(channel: string): string | null {
  return GPU_CHANNEL.exec(channel)?.[1] ?? null;
}

/** The family of a channel; null for one that this page does not know, which is no error. */
export function familyOf(channel: string): Family | null {
  return BY_CHANNEL.get(channel) ?? SEVERAL.find(([pattern]) => pattern.test(channel))?.[1] ?? null;
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
