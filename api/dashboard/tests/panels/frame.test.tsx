// @vitest-environment happy-dom
import { act } from "preact/test-utils";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ConnectionBadge } from "../../src/panels/ConnectionBadge";
import { Findings, Verdict } from "../../src/panels/Findings";
import { HostChoice } from "../../src/panels/HostChoice";
import { NoDataBanner } from "../../src/panels/NoDataBanner";
import { Notices } from "../../src/panels/Notices";
import { HOST, type Page, show, textOf } from "./page";

beforeEach(() => {
  vi.useFakeTimers();
});

const knows = (page: Page, ...names: readonly string[]) => {
  act(() => {
    page.monitor.hosts.entries.value = names.map((name) => ({ name, status: null, isKnown: true }));
  });
};

describe("the badge", () => {
  it("has the state of the connection, and explains it", () => {
    const page = show(<ConnectionBadge />);
    expect(page.find.getByRole("status").dataset.kind).toBe("live");
    page.badge("reconnecting", "The server is not responding. Retrying.");
    expect(page.find.getByRole("status").dataset.kind).toBe("reconnecting");
    expect(page.text("badge")).toBe("reconnecting. The server is not responding. Retrying.");
  });
});

describe("the banner of a silent host", () => {
  it("reports for how long there has been no data", () => {
    const page = show(<NoDataBanner />);
    page.sample("system/cpu", { utilization: 5, per_core: [] });
    expect(page.find.queryByTestId("no-data")).toBeNull();
    page.pass(240_000);
    page.badge("stale");
    expect(page.text("no-data")).toMatch(/^No data for 4 min since /);
  });
});

describe("the notices", () => {
  it("are sentences about what is wrong, and nothing otherwise", () => {
    const page = show(<Notices />);
    page.sample("system/cpu", { utilization: 5, per_core: [] });
    expect(page.find.queryByTestId("notices")).toBeNull();
    page.badge("offline", "The collector on this host has stopped.");
    expect(page.text("notices")).toBe("The collector on this host has stopped.");
    page.badge("live");
    page.monitor.hosts.historyProblem.value = "The disk is full.";
    page.draw();
    expect(page.text("notices")).toBe("New samples are not being stored: The disk is full.");
  });

  it("offer the known hosts if the one in the address is unknown", () => {
    const page = show(<Notices />);
    page.monitor.change({ host: "gpu-70" });
    page.badge("unknown");
    knows(page, "gpu-07", "<b>gpu-08</b>");
    expect(page.text("notices")).toContain("nothing from a host named “gpu-70”");
    page.click(page.find.getByText("<b>gpu-08</b>"));
    expect(page.monitor.view.host).toBe("<b>gpu-08</b>");
  });
});

describe("the choice of the host", () => {
  it("is a name for one host, a list for several, and a search for many", () => {
    const page = show(<HostChoice />);
    expect(page.text("host")).toBe(HOST);
    knows(page, HOST, "gpu-08");
    expect(page.find.getByRole("combobox", { name: "Host" }).tagName).toBe("SELECT");
    knows(page, HOST, ...Array.from({ length: 30 }, (_, index) => `node-${index}`));
    const search = page.find.getByTestId<HTMLInputElement>("host-search");
    search.focus();
    expect(search.value).toBe("");
    search.value = "node-17";
    search.dispatchEvent(new Event("input"));
    expect(page.monitor.view.host).toBe("node-17");
  });
});

describe("the findings", () => {
  const several = ["info", "warning", "critical", "warning", "info"].map((severity, index) => ({
    severity,
    subject: `gpu${index}`,
    summary: `GPU ${index}: ${severity}`,
    advice: "Save a checkpoint.",
  }));
  const cards = (page: Page) => page.find.queryAllByTestId("finding").map(textOf);

  it("are counted in one line, with how bad they are", () => {
    const page = show(<Verdict />);
    page.sample("system/gpu/0", { utilization: 5 });
    page.sample("system/gpu/1", { utilization: 5 });
    page.findings();
    expect(page.text("verdict")).toBe("No findings");
    page.findings({ subject: "gpu0", severity: "critical" });
    expect(page.text("verdict")).toBe("1 of 2 GPUs needs attention");
  });

  it("are cards, the worst first; the rest are folded", () => {
    const page = show(<Findings />);
    expect(cards(page)).toEqual([]);
    page.findings(...several);
    expect(cards(page).map((text) => /GPU \d: (\w+)Save/.exec(text)?.[1])).toEqual([
      "critical",
      "warning",
      "warning",
      "info",
      "info",
    ]);
    expect(page.find.getByText("More findings: 2").tagName).toBe("SUMMARY");
  });

  it("are text and never markup", () => {
    const page = show(<Findings />);
    page.findings({ summary: "<img src=x onerror=window.ran=1>", advice: "<b>" });
    expect(page.root.querySelector("img, p b")).toBeNull();
    expect(cards(page)[0]).toContain("<img src=x");
  });

  it("are hidden once they are muted, until they are unmuted", () => {
    const page = show(<Findings />);
    page.findings(several[2]!);
    page.click(page.find.getByText("Mute"));
    expect(cards(page)).toEqual([]);
    expect(page.text("muted")).toContain("Findings muted in this browser: 1");
    page.click(page.find.getByText("Unmute"));
    expect(cards(page)).toHaveLength(1);
  });

  it("zoom the charts to their evidence, on their GPU", () => {
    const page = show(<Findings />);
    page.sample("system/gpu/0", { utilization: 5 });
    page.sample("system/gpu/1", { utilization: 5 });
    page.findings({ subject: "gpu1", evidence: { start: 1_000_000, end: 1_060_000 } });
    page.click(page.find.getByText("Show in charts"));
    expect(page.monitor.view).toMatchObject({ gpu: "1", zoom: { from: 1_000_000, to: 1_060_000 } });
  });
});
