import { numberOf, type Values } from "../bus/payload";
import { grouped } from "./numbers";

/** A problem with a GPU's memory: `text` names the problem in a few words, and `detail` explains it. */
export interface MemoryErrors {
  readonly kind: "alarm" | "note" | "info";
  readonly text: string;
  readonly detail: string;
}

/** A GPU's uncorrectable memory errors and its pending repair; null if it has neither. */
export function memoryErrorsOf(values: Values): MemoryErrors | null {
  const count = (name: string) => numberOf(values[name]) ?? 0;
  const recent = count("ecc_errors_uncorrected_volatile");
  const all = Math.max(count("ecc_errors_uncorrected"), recent);
  const repair = repairOf(count);
  if (all === 0 && repair === "") return null;
  const corrupted = "Each error may have corrupted a result or ended a process.";
  const lifetime = `${grouped(all)} over the lifetime of the GPU.`;
  if (recent > 0) {
    const detail = [
      `Uncorrectable ECC errors: ${grouped(recent)} since the driver was loaded, ${lifetime}`,
      corrupted,
      repair,
    ];
    return { kind: "alarm", text: errors(recent), detail: detail.filter(Boolean).join(" ") };
  }
  if (repair !== "")
    return { kind: "note", text: "Memory repair pending", detail: `${repair} Uncorrectable ECC errors: ${lifetime}` };
  const detail = `No uncorrectable ECC errors since the driver was loaded, but ${lifetime}`;
  return { kind: "info", text: `${errors(all)} in the past`, detail };
}

function repairOf(count: (name: string) => number): string {
  if (count("remapping_pending") > 0) return "Reset the GPU to replace the faulty memory rows.";
  return count("retirement_pending") > 0 ? "Restart the machine to retire the faulty memory pages." : "";
}

function errors(count: number): string {
  return `${grouped(count)} uncorrectable ECC ${count === 1 ? "error" : "errors"}`;
}
