import type { Monitor } from "../monitor";
import { useReading } from "./hooks";

/** Text that changes with the data. Only the text node is updated; the component around it does not re-render. */
export function Text({ read }: { readonly read: (monitor: Monitor) => string }) {
  return <>{useReading(read)}</>;
}
