import { csvName, csvOf } from "../store/csv";
import controls from "../styles/controls.module.css";
import { momentTime, spanTime } from "../text/time";
import { useMonitor, useReading, useValue } from "../view/hooks";
import { rangeLabel } from "../view/ranges";
import { THEMES, type ThemeChoice } from "../view/theme";
import { ConnectionBadge } from "./ConnectionBadge";
import { Verdict } from "./Findings";
import styles from "./Header.module.css";
import { useHint } from "./Hint";
import { HostChoice } from "./HostChoice";
import { HostsLink } from "./HostsLink";
import { LogOut } from "./LogOut";

/** The page's header: the displayed host and span, the connection badge, and the controls. */
export function Header({ onHelp }: { onHelp: () => void }) {
  const isHost = useMonitor().view.page === "host";
  return (
    <header class={styles.header}>
      <h1 class={styles.title}>
        <Logo />
        System Monitor
      </h1>
      <HostChoice />
      <HostsLink />
      <ConnectionBadge />
      {isHost && <Verdict />}
      <div class={styles.controls}>
        {isHost && (
          <>
            <Ranges />
            <Pause />
            <Download />
          </>
        )}
        <ThemeChoices />
        <LogOut />
        <button
          type="button"
          class={`${controls.button} ${styles.help}`}
          aria-label="Help"
          data-testid="help"
          onClick={onHelp}
        >
          ?
        </button>
      </div>
    </header>
  );
}

function Logo() {
  return (
    <svg class={styles.logo} viewBox="0 0 32 32" aria-hidden="true">
      <path
        d="M3 18h6l3-10 6 17 4-11 2 4h5"
        fill="none"
        stroke="currentColor"
        stroke-width="3"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}

function Ranges() {
  const monitor = useMonitor();
  const { range, view } = monitor;
  const { zoom } = view;
  const ranges = useValue((each) => each.ranges);
  const hint = useHint("Reset the zoom. A double-click or the key 0 does the same.");
  const label = useReading((each) => (each.view.zoom ? spanTime(each.view.zoom, each.now) : ""));
  return (
    <div class={controls.segments} role="group" aria-label="Time range">
      {ranges.map((each) => (
        <button
          key={each}
          type="button"
          aria-pressed={range === each}
          data-testid={`range-${each}`}
          onClick={() => monitor.change({ range: each, zoom: null })}
        >
          {rangeLabel(each)}
        </button>
      ))}
      {zoom && (
        <button
          type="button"
          aria-pressed={true}
          {...hint}
          data-testid="zoom-reset"
          onClick={() => monitor.change({ zoom: null })}
        >
          {label} ✕
        </button>
      )}
    </div>
  );
}

function Pause() {
  const monitor = useMonitor();
  const { frozen } = monitor;
  const isPaused = monitor.pause.isOn.value;
  return (
    <button
      type="button"
      class={`${controls.button} ${styles.pause} ${isPaused ? controls.on : ""}`}
      aria-pressed={isPaused}
      data-testid="pause"
      onClick={() => monitor.togglePause()}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={isPaused ? "M4 2l9 6-9 6z" : "M4 2h3v12H4zM9 2h3v12H9z"} fill="currentColor" />
      </svg>
      {frozen ? (
        <span>
          Paused<span class={styles.since}> {momentTime(frozen.wall, Date.now())}</span>
        </span>
      ) : isPaused ? (
        "Paused"
      ) : (
        "Pause"
      )}
    </button>
  );
}

function Download() {
  const monitor = useMonitor();
  const hint = useHint("Download the data of the charts as CSV");
  const save = () => {
    const host = monitor.charted;
    if (host === null) return;
    const address = URL.createObjectURL(new Blob([csvOf(host, monitor.span)], { type: "text/csv" }));
    const link = document.createElement("a");
    link.href = address;
    link.download = csvName(host.name, monitor.span.to);
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  };
  return (
    <button type="button" class={controls.button} {...hint} data-testid="csv" onClick={save}>
      CSV
    </button>
  );
}

function ThemeChoices() {
  const { theme } = useMonitor();
  const hint = useHint((monitor) => themeText(monitor.theme.choice.value));
  const choice = theme.choice.value;
  return (
    <button
      type="button"
      class={`${controls.button} ${styles.theme}`}
      {...hint}
      aria-label={themeText(choice)}
      data-testid="theme"
      onClick={() => theme.choose(after(choice))}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d="M8 1.6a6.4 6.4 0 010 12.8z" fill="currentColor" />
        <circle cx="8" cy="8" r="6.4" fill="none" stroke="currentColor" stroke-width="1.3" />
      </svg>
      {choice}
    </button>
  );
}

function themeText(choice: ThemeChoice): string {
  return `Theme: ${choice}; switch to ${after(choice)}`;
}

function after(choice: ThemeChoice): ThemeChoice {
  return THEMES[(THEMES.indexOf(choice) + 1) % THEMES.length] ?? THEMES[0];
}
