import type { Monitor } from "../monitor";
import { useReading } from "./hooks";

/** A text that follows the data, in a text node that changes in place. */
export function Text({ read }: { readonly read: (monitor: Monitor) => string }) {
  return <>{useReading(read)}</>;
}
