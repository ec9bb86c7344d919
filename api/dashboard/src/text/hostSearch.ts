/**
 * The host that a reader means by `typed`; null if it is not clear yet. A whole name counts at once, unless longer
 * ones contain it; with Enter (`isFinal`), so does a part of only one name.
 */
export function chosenHost(names: readonly string[], typed: string, isFinal: boolean): string | null {
  const text = typed.trim().toLowerCase();
  if (text === "") return null;
  const isExact = names.includes(typed.trim());
  const matching = names.filter((name) => name.toLowerCase().includes(text));
  if (isExact && (isFinal || matching.length === 1)) return typed.trim();
  return isFinal && matching.length === 1 ? matching[0]! : null;
}
