import { useEffect, useRef } from "preact/hooks";
import type { Monitor } from "./monitor";
import { CpuUtilization } from "./panels/CpuUtilization";
import { Findings } from "./panels/Findings";
import { GpuMemory } from "./panels/GpuMemory";
import { GpuPanel } from "./panels/GpuPanel";
import { Header } from "./panels/Header";
import { Help } from "./panels/Help";
import { HintBox } from "./panels/HintBox";
import { HostCard } from "./panels/HostCard";
import { InputOutputRates } from "./panels/InputOutputRates";
import { MemoryUsage } from "./panels/MemoryUsage";
import { NoDataBanner } from "./panels/NoDataBanner";
import { Notices } from "./panels/Notices";
import { attentionCount } from "./text/verdict";
import { MonitorContext, useMonitor, useValue } from "./view/hooks";
import { listenToKeys } from "./view/keys";

/** The whole page: a header, the grid of panels, and a sidebar that is always visible. */
export function SystemMonitor({ monitor }: { monitor: Monitor }) {
  const help = useRef<HTMLDialogElement>(null);
  const showHelp = () => help.current?.showModal();
  useEffect(() => listenToKeys(monitor, showHelp), [monitor]);
  return (
    <MonitorContext.Provider value={monitor}>
      <Header onHelp={showHelp} />
      <NoDataBanner />
      <Notices />
      <Findings />
      <Title />
      <div class="page">
        <main class="grid">
          <GpuPanel />
          <CpuUtilization />
          <MemoryUsage />
          <InputOutputRates />
        </main>
        <aside class="sidebar" aria-label="GPU memory and host">
          <GpuMemory />
          <HostCard />
        </aside>
      </div>
      <Help dialog={help} />
      <HintBox />
    </MonitorContext.Provider>
  );
}

/** The tab's title: how many findings need attention, the badge unless it is live, and the host. */
function Title() {
  const { badge } = useMonitor();
  const host = useValue(({ shown }) => shown?.name ?? "");
  const count = useValue(({ findings }) => attentionCount(findings));
  const parts = [badge.kind === "live" ? "" : badge.label, host, "System Monitor"];
  const title = `${count > 0 ? `(${count}) ` : ""}${parts.filter(Boolean).join(" – ")}`;
  useEffect(() => {
    document.title = title;
  }, [title]);
  return null;
}
