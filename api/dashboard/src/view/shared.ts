/**
 * Returns `known` if it has the same contents as `next`; otherwise `next`. A signal that is set to the same object
 * again causes no update.
 */
export function shared<T>(known: T | undefined, next: T): T {
  return known !== undefined && isSame(known, next) ? known : next;
}

function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false;
  const keys = Object.keys(one);
  if (keys.length !== Object.keys(other).length) return false;
  return keys.every((key) => key in other && isSame(one[key as keyof typeof one], other[key as keyof typeof other]));
}
