import type { Drawn } from "../../src/charts/chart";

/** In place of a chart: a browser draws it, in the tests that have one. */
export function TimeChart({ label, lines, testId }: Drawn) {
  return (
    <div
      role="img"
      aria-label={label}
      aria-description={lines.map((line) => line.label).join(", ")}
      data-testid={testId}
    />
  );
}
