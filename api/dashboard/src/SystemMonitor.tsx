import { useEffect, useRef } from "preact/hooks";
import type { Monitor } from "./monitor";
import { ComparisonPage } from "./panels/ComparisonPage";
import { CpuUtilization } from "./panels/CpuUtilization";
import { Findings } from "./panels/Findings";
import { GpuMatrix } from "./panels/GpuMatrix";
import { GpuMemory } from "./panels/GpuMemory";
import { GpuPanel } from "./panels/GpuPanel";
import { Header } from "./panels/Header";
import { Help } from "./panels/Help";
import { HintBox } from "./panels/HintBox";
import { HostCard } from "./panels/HostCard";
import { HostsPage } from "./panels/HostsPage";
import { InputOutputRates } from "./panels/InputOutputRates";
import { MemoryUsage } from "./panels/MemoryUsage";
import { NoDataBanner } from "./panels/NoDataBanner";
import { Notices } from "./panels/Notices";
import { RunCard } from "./panels/RunCard";
import { RunList } from "./panels/RunList";
import { Timeline } from "./panels/Timeline";
import { iconFor } from "./text/icon";
import { attentionCount } from "./text/verdict";
import { MonitorContext, useMonitor, useValue } from "./view/hooks";
import { listenToKeys } from "./view/keys";
import { runsText } from "./view/runReference";

/** The whole page: a header, and below it one host, all hosts, the list of runs or a comparison of two runs. */
export function SystemMonitor({ monitor }: { monitor: Monitor }) {
  const help = useRef<HTMLDialogElement>(null);
  const showHelp = () => help.current?.showModal();
  useEffect(() => listenToKeys(monitor, showHelp), [monitor]);
  return (
    <MonitorContext.Provider value={monitor}>
      <Header onHelp={showHelp} />
      <NoDataBanner />
      <Notices />
      <Title />
      <Page />
      <Help dialog={help} />
      <HintBox />
    </MonitorContext.Provider>
  );
}

function Page() {
  const { compare, page } = useMonitor().view;
  if (page === "compare" && compare) return <ComparisonPage key={runsText(compare)} runs={compare} />;
  return page === "hosts" ? <HostsPage /> : <HostPage />;
}

/** The findings of one host, and below them its charts or the list of runs. */
function HostPage() {
  const { page } = useMonitor().view;
  return (
    <>
      <Findings />
      {page === "runs" ? <RunList /> : <Charts />}
    </>
  );
}

/** One host over time: a grid of panels, and on a wide screen a sidebar that stays visible while the page scrolls. */
function Charts() {
  const { run } = useMonitor().view;
  return (
    <>
      {run !== null && <RunCard key={run} id={run} />}
      <Timeline />
      <div class="page">
        <main class="grid">
          <GpuMatrix />
          <GpuPanel />
          <MemoryUsage />
          <CpuUtilization />
          <InputOutputRates />
        </main>
        <aside class="sidebar" aria-label="GPU memory and host">
          <GpuMemory />
          <HostCard />
        </aside>
      </div>
    </>
  );
}

/**
 * Sets the tab's title and icon, both of which show how many findings need attention.
 *
 * The title also contains the host's name and, unless the connection is live, the connection badge's label.
 */
function Title() {
  const { badge } = useMonitor();
  const host = useValue(({ shown }) => shown?.name ?? "");
  const count = useValue(({ findings }) => attentionCount(findings));
  const parts = [badge.kind === "live" ? "" : badge.label, host, "System Monitor"];
  const title = `${count > 0 ? `(${count}) ` : ""}${parts.filter(Boolean).join(" – ")}`;
  useEffect(() => {
    document.title = title;
  }, [title]);
  useEffect(() => {
    const icon = document.querySelector<HTMLLinkElement>("link[rel=icon]");
    if (icon) icon.href = iconFor(count);
  }, [count]);
  return null;
}
