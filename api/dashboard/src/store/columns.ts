import { numberOf, numbersOf, type Values } from "../bus/payload";
import { FAMILIES, type Family, isCharted } from "../catalogue";

/** The column for the utilization of the busiest core; the mean of 128 cores would hide a saturated core. */
export const BUSIEST_CORE = "busiest_core";

const PER_CORE = "per_core";
const NUMERIC = new Set(["number", "integer"]);
const GPU_COLUMNS = new Set(["utilization", "memory_used", "memory_total", "temperature", "power"]);

/**
 * The names of the columns of a family, such as `cpu` or `gpu`. The page keeps their values for an hour.
 *
 * The columns are the family's numeric fields. For the CPU, `BUSIEST_CORE` is added. For a GPU, only the numeric fields
 * that charts draw are kept.
 *
 * Of a field that contains a list or an object, the page keeps only the newest value. For example, no chart draws
 * individual cores over time, and an hour of one-second values of 256 cores would take 7 MB.
 */
export function keptColumns(family: Family): string[] {
  const names = family.fields.filter((field) => NUMERIC.has(field.kind)).map((field) => field.name);
  if (family.name === "gpu") return names.filter((name) => GPU_COLUMNS.has(name));
  return family.name === "cpu" ? [...names, BUSIEST_CORE] : names;
}

/** The comma-separated fields that the page requests from the history to fill the kept columns. */
export const HISTORY_FIELDS = [
  ...new Set(
    FAMILIES.filter(isCharted)
      .flatMap(keptColumns)
      .map((name) => (name === BUSIEST_CORE ? PER_CORE : name)),
  ),
].join(",");

/** The value of a kept column in a payload; NaN if the value was not reported. */
export function valueIn(values: Values, column: string): number {
  if (column === BUSIEST_CORE) return highest(numbersOf(values[PER_CORE]));
  return numberOf(values[column]) ?? NaN;
}

type Columns = Readonly<Record<string, readonly (number | null)[]>>;

/** The values of a kept column in a history response, where `per_core` is split into `per_core.0`, `per_core.1`, … */
export function columnIn(columns: Columns, column: string, length: number): Float64Array {
  const kept = new Float64Array(length).fill(NaN);
  if (column === BUSIEST_CORE) {
    for (const [name, values] of Object.entries(columns)) {
      if (!name.startsWith(`${PER_CORE}.`)) continue;
      for (let row = 0; row < length; row += 1) {
        const value = values[row];
        if (value != null && !(kept[row]! >= value)) kept[row] = value;
      }
    }
    return kept;
  }
  const values = columns[column];
  for (let row = 0; values && row < length; row += 1) kept[row] = values[row] ?? NaN;
  return kept;
}

function highest(values: readonly (number | null)[]): number {
  let found = NaN;
  for (const value of values) if (value !== null && !(found >= value)) found = value;
  return found;
}
