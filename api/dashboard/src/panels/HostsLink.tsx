import controls from "../styles/controls.module.css";
import { useMonitor, useValue } from "../view/hooks";

/** Switches between one host and all of them; nothing if there is only one. */
export function HostsLink() {
  const monitor = useMonitor();
  const isOn = monitor.view.page === "hosts";
  const several = useValue((each) => each.hosts.entries.value.length > 1);
  if (!(several || isOn)) return null;
  return (
    <button
      type="button"
      class={`${controls.button} ${isOn ? controls.on : ""}`}
      aria-pressed={isOn}
      data-testid="all-hosts"
      onClick={() => monitor.change({ page: isOn ? "host" : "hosts" })}
    >
      All hosts
    </button>
  );
}
