import { useState } from "preact/hooks";
import { numberOf, textOf } from "../bus/payload";
import { FAMILIES, type Field, gpuChannel } from "../catalogue";
import { DASH, size } from "../text/numbers";
import { Text } from "../view/Text";

const FIELDS = (FAMILIES.find(({ name }) => name === "gpu")?.fields ?? []).filter(({ kind }) =>
  ["number", "integer", "text"].includes(kind),
);
const ABBREVIATIONS = ["ECC", "ID", "MIG", "NVLink", "PCI", "PCIe", "RX", "SM", "TX", "UUID"];
const DIGITS = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

/** All values that a GPU reports, by the catalogue's names; rendered only while it is open. */
export function GpuReadings({ id }: { readonly id: string }) {
  const [open, setOpen] = useState(false);
  return (
    <details class="devices" data-testid="gpu-readings" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>All readings of GPU {id}</summary>
      {open && (
        <dl class="readings">
          {FIELDS.map((field) => (
            <div key={field.name} title={field.help} data-testid={`gpu-reading-${field.name}`}>
              <dt>{labelOf(field.name)}</dt>
              <dd>
                <Text read={(monitor) => textFor(field, monitor.values(gpuChannel(id))[field.name])} />
              </dd>
            </div>
          ))}
        </dl>
      )}
    </details>
  );
}

/** `ECC errors uncorrected volatile` for `ecc_errors_uncorrected_volatile`. */
function labelOf(name: string): string {
  const words = name
    .split("_")
    .map((word) => ABBREVIATIONS.find((form) => form.toLowerCase() === word) ?? word)
    .join(" ");
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

function textFor(field: Field, value: unknown): string {
  if (field.kind === "text") return textOf(value) ?? DASH;
  const number = numberOf(value);
  if (number === null) return DASH;
  return field.unit === "bytes" ? size(number) : `${DIGITS.format(number)} ${field.unit}`.trim();
}
