import type { Monitor } from "../monitor";
import { useReading } from "./hooks";

/** A text that changes with the data. Only its text node is updated; the component around it is not rendered again. */
export function Text({ read }: { readonly read: (monitor: Monitor) => string }) {
  return <>{useReading(read)}</>;
}
