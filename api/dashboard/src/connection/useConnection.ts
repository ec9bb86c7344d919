import { useEffect, useState } from "preact/hooks";
import { useMonitor } from "../view/hooks";
import type { Badge } from "./badge";

/** The current badge; renders again only when its text changes. */
export function useConnection(): Badge {
  const monitor = useMonitor();
  const [badge, setBadge] = useState(monitor.badge);
  useEffect(() => {
    setBadge(monitor.badge);
    return monitor.badges.subscribe(() => setBadge(monitor.badge));
  }, [monitor]);
  return badge;
}
