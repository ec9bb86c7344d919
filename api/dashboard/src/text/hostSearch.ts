/**
 * The host that the user means by `typed`; null if this is not clear yet.
 *
 * While the user types, a complete name is chosen immediately, unless it is also part of a longer name. When the
 * user presses Enter (`isFinal`), a complete name is always chosen, and a part of a name is enough if only one name
 * contains it. Case matters only for a complete name.
 */
export function chosenHost(names: readonly string[], typed: string, isFinal: boolean): string | null {
  const text = typed.trim().toLowerCase();
  if (text === "") return null;
  const isExact = names.includes(typed.trim());
  const matching = names.filter((name) => name.toLowerCase().includes(text));
  if (isExact && (isFinal || matching.length === 1)) return typed.trim();
  return isFinal && matching.length === 1 ? matching[0]! : null;
}
