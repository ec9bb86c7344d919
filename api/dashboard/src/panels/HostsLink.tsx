import controls from "../styles/controls.module.css";
import { useMonitor, useValue } from "../view/hooks";

/**
 * The button that switches between the page of one host and the page of all hosts.
 *
 * If there is only one host, the button is shown only on the page of all hosts.
 */
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
