const LONGEST = 8;
const KEPT = 3;
const MIDDLE = 30;

/**
 * Shortens the names of hosts, for example `ml-cluster-a100-rack01-node03.compute.example.org` to
 * `ml-…rack01-node03…org`. A long prefix or suffix that at least half of the names share is reduced to
 * a few characters. If the rest is still long, characters in the middle are left out.
 */
export function shortNames(names: readonly string[]): Map<string, string> {
  const starts = commonStarts(names);
  const ends = commonStarts(names.map(reversed));
  return new Map(
    names.map((name) => {
      const start = longestOf(starts, name);
      const end = reversed(longestOf(ends, reversed(name)));
      if (start.length + end.length >= name.length) return [name, name];
      const middle = name.slice(start.length, name.length - end.length);
      const short = middle.length > MIDDLE ? `${middle.slice(0, 12)}…${middle.slice(-15)}` : middle;
      const head = start.length > LONGEST ? `${start.slice(0, KEPT)}…` : start;
      const tail = end.length > LONGEST ? `…${lastPart(end)}` : end;
      return [name, `${head}${short}${tail}`];
    }),
  );
}

/** The part of `text` after the last separator; if this part is long, only its last characters. */
function lastPart(text: string): string {
  const part = text.slice(text.search(/[^-._]*$/));
  return part.length > LONGEST ? part.slice(-KEPT) : part;
}

/**
 * The prefixes shared by at least half of the texts (and at least two). Each prefix ends with a separator. For
 * example, `node-1` and `node-12` share the prefix `node-`.
 */
function commonStarts(texts: readonly string[]): Set<string> {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const { index } of text.matchAll(/[-._]/g)) {
      const start = text.slice(0, index + 1);
      counts.set(start, (counts.get(start) ?? 0) + 1);
    }
  }
  const least = Math.max(texts.length / 2, 2);
  return new Set([...counts].filter(([, count]) => count >= least).map(([start]) => start));
}

function longestOf(starts: ReadonlySet<string>, text: string): string {
  let longest = "";
  for (const start of starts) if (start.length > longest.length && text.startsWith(start)) longest = start;
  return longest;
}

function reversed(text: string): string {
  return [...text].reverse().join("");
}
