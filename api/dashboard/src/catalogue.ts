import families from "./catalogue.json";

/** One field of a payload, as the catalogue (telemetry/catalogue) describes it. */
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
  /** Whether the history stores the family's samples; if not, the server has only the newest sample. */
  readonly stored: boolean;
  readonly fields: readonly Field[];
}

export const FAMILIES: readonly Family[] = families;
export const STATUS_CHANNEL = "system/status";
/** The name of the family that lists the processes on a GPU. */
export const PROCESSES = "gpu_processes";

const GPU_CHANNEL = /^system\/gpu\/(\d{1,4})$/;
const BY_CHANNEL = new Map(FAMILIES.map((family) => [family.channel, family]));
// The braces in a channel's name stand for a number.
const PATTERNS = FAMILIES.filter(({ channel }) => channel.includes("{")).map(
  (family) => [new RegExp(`^${family.channel.replace(/\{\w+\}/g, "\\d{1,4}")}$`), family] as const,
);

export function gpuChannel(id: string): string {
  return `system/gpu/${id}`;
}

export function processesChannel(id: string): string {
  return `${gpuChannel(id)}/processes`;
}

/** Whether a channel belongs to a MIG instance of the GPU `id`. */
export function isInstanceOf(channel: string, id: string): boolean {
  return channel.startsWith(`${gpuChannel(id)}/mig/`);
}

/** Whether the page keeps a family's samples in `HostData.series` for its charts. */
export function isCharted(family: Family): boolean {
  return family.stored && family.name !== "gpu_mig";
}

/** The channel of a family, with each name in braces replaced by its value in `parts`. */
export function channelAt(family: Family, parts: Readonly<Record<string, unknown>>): string {
  return family.channel.replace(/\{(\w+)\}/g, (_, name: string) => String(parts[name]));
}

/** The id of the GPU whose metrics a channel carries; null for other channels, such as those of MIG instances. */
export function gpuOf(channel: string): string | null {
  return GPU_CHANNEL.exec(channel)?.[1] ?? null;
}

/** The family of a channel; null for a channel that this page does not know, such as one from a newer collector. */
export function familyOf(channel: string): Family | null {
  return BY_CHANNEL.get(channel) ?? PATTERNS.find(([pattern]) => pattern.test(channel))?.[1] ?? null;
}

function fieldOf(family: string, name: string): Field | undefined {
  return FAMILIES.find((each) => each.name === family)?.fields.find((each) => each.name === name);
}

/** The tooltip for a value: its description in the catalogue. */
export function helpOf(family: string, name: string): string {
  return fieldOf(family, name)?.help ?? "";
}

export function unitOf(family: string, name: string): string {
  return fieldOf(family, name)?.unit ?? "";
}
