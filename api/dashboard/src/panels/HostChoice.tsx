import { useId } from "preact/hooks";
import type { HostEntry } from "../bus/responses";
import type { Monitor } from "../monitor";
import { chosenHost } from "../text/hostSearch";
import { shortNames } from "../text/shortNames";
import { useMonitor, useValue } from "../view/hooks";
import styles from "./HostChoice.module.css";

const MANY = 12;

interface Choice {
  readonly name: string;
  readonly isOffline: boolean;
}

interface Props {
  readonly hosts: readonly Choice[];
  readonly shown: string;
  readonly choose: (host: string) => void;
}

/**
 * Shows the host's name, and lets the user choose another host.
 *
 * Two to 12 hosts are offered as a list. More than 12 can be searched.
 */
export function HostChoice() {
  const monitor = useMonitor();
  const shown = useValue((each) => each.shown?.name ?? each.view.host ?? "");
  const hosts = useValue(choicesIn);
  const choose = (host: string) => monitor.change({ page: "host", host, gpu: null, zoom: null });
  if (hosts.length < 2)
    return (
      <span class={styles.host} data-testid="host">
        {shown}
      </span>
    );
  return hosts.length > MANY ? (
    <HostSearch hosts={hosts} shown={shown} choose={choose} />
  ) : (
    <HostList hosts={hosts} shown={shown} choose={choose} />
  );
}

function HostList({ hosts, shown, choose }: Props) {
  const names = shortNames(hosts.map(({ name }) => name));
  return (
    <select
      class={`${styles.host} ${styles.choice}`}
      aria-label="Host"
      value={shown}
      data-testid="host-select"
      onChange={(event) => choose(event.currentTarget.value)}
    >
      {hosts.map(({ name, isOffline }) => (
        <option key={name} value={name}>
          {names.get(name)}
          {isOffline && " (offline)"}
        </option>
      ))}
    </select>
  );
}

function HostSearch({ hosts, shown, choose }: Props) {
  const list = useId();
  const names = hosts.map(({ name }) => name);
  const take = (field: HTMLInputElement, isFinal: boolean) => {
    const host = chosenHost(names, field.value, isFinal);
    if (host === null) return;
    field.value = host;
    field.blur();
    if (host !== shown) choose(host);
  };
  return (
    <>
      <input
        class={`${styles.host} ${styles.choice} ${styles.search}`}
        type="search"
        list={list}
        aria-label="Host"
        placeholder={shown}
        value={shown}
        autocomplete="off"
        spellcheck={false}
        data-testid="host-search"
        // The browser lists only hosts that match the field's text, so the field is cleared when it gets the focus.
        onFocus={({ currentTarget }) => (currentTarget.value = "")}
        onBlur={({ currentTarget }) => (currentTarget.value = currentTarget.value || shown)}
        onInput={({ currentTarget }) => take(currentTarget, false)}
        onKeyDown={({ currentTarget, key }) => key === "Enter" && take(currentTarget, true)}
      />
      <datalist id={list}>
        {hosts.map(({ name, isOffline }) => (
          <option key={name} value={name} label={isOffline ? "offline" : undefined} />
        ))}
      </datalist>
    </>
  );
}

function choicesIn(monitor: Monitor): Choice[] {
  const shown = monitor.shown?.name ?? monitor.view.host ?? "";
  const entries = monitor.hosts.entries.value.map((entry) => ({
    name: entry.name,
    isOffline: isOffline(monitor, entry),
  }));
  const isListed = shown === "" || entries.some(({ name }) => name === shown);
  return isListed ? entries : [{ name: shown, isOffline: monitor.badge.kind === "offline" }, ...entries];
}

// The list of hosts is fetched only every 10 to 30 s, so for the host that is shown, the badge is more current.
function isOffline({ badge, shown }: Monitor, { name, status, isKnown }: HostEntry): boolean {
  if (name === shown?.name && badge.kind === "offline") return true;
  const isReporting = name === shown?.name && ["live", "polling", "stale"].includes(badge.kind);
  return !isReporting && (!isKnown || status?.state === "offline");
}
