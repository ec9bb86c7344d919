// @vitest-environment happy-dom
import { act } from "preact/test-utils";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { CpuUtilization } from "../../src/panels/CpuUtilization";
import { HostCard } from "../../src/panels/HostCard";
import { InputOutputRates } from "../../src/panels/InputOutputRates";
import { MemoryUsage } from "../../src/panels/MemoryUsage";
import { DASH, GIB, HOST, show, textOf } from "./page";

vi.mock("../../src/charts/TimeChart", () => import("./charts"));

beforeEach(() => {
  vi.useFakeTimers();
});

describe("the panel of the CPU", () => {
  it("shows the utilization of all cores and of each", () => {
    const page = show(<CpuUtilization />);
    const load_average = [12.34, 8.06, 4];
    page.sample("system/cpu", {
      utilization: 37.5,
      per_core: [10, null, 65],
      frequency: 2450,
      frequency_max: 3800,
      load_average,
    });
    expect(page.text("cpu-value")).toBe("38%");
    expect(page.text("cpu-frequency")).toBe("2.45 / 3.80 GHz");
    expect(page.text("cpu-load")).toBe("12 · 8.1 · 4.0");
    expect(page.text("core-bars")).toBe(`Core 0: 10%Core 1: ${DASH}Core 2: 65%`);
  });

  it("names the busiest of many cores, or the one that is selected", () => {
    const page = show(<CpuUtilization />);
    const cores = Array.from({ length: 64 }, (_, core) => (core === 40 ? 99 : 1));
    page.sample("system/cpu", { utilization: 3, per_core: cores });
    expect(page.text("core-text")).toBe("Busiest: core 40, 99%; 1 of 64 cores ≥ 90%");
    const bars = page.find.getByTestId("core-bars");
    page.fire(bars, new KeyboardEvent("keydown", { key: "ArrowRight" }));
    expect(page.text("core-text")).toBe("Core 0: 1%");
  });

  it("has dashes before the first sample and for what is not reported", () => {
    const page = show(<CpuUtilization />);
    expect([page.text("cpu-value"), page.text("cpu-frequency"), page.text("cpu-load")]).toEqual([DASH, DASH, DASH]);
    expect(page.find.queryByTestId("core-bars")).toBeNull();
    expect(page.find.queryByTestId("cpu-pressure")).toBeNull();
  });

  it("reports a pressure that comes with a busy CPU as a problem", () => {
    const page = show(<CpuUtilization />);
    page.sample("system/cpu", { utilization: 15, per_core: [], pressure_some: 0 });
    expect(page.text("cpu-pressure")).toBe("Pressure: none");
    page.sample("system/cpu", { utilization: 99, per_core: [], pressure_some: 60 });
    expect(page.text("cpu-pressure")).toBe("Pressure: high 60.0%");
  });
});

describe("the panel of the memory", () => {
  it("shows the RAM and the swap, and marks what is nearly full", () => {
    const page = show(<MemoryUsage />);
    page.sample("system/memory", { ram_used: 60 * GIB, ram_total: 64 * GIB, swap_used: GIB, swap_total: 8 * GIB });
    expect([page.text("ram-value"), page.text("ram-percent")]).toEqual(["60.0 GiB / 64 GiB", "94%"]);
    expect([page.text("swap-value"), page.text("swap-percent")]).toEqual(["1.0 GiB / 8 GiB", "13%"]);
    expect(page.text("memory-panel")).toContain("nearly full");
  });

  it("has the limit of the job where there is one, and no bar for swap that is not configured", () => {
    const page = show(<MemoryUsage />);
    page.sample("system/memory", { ram_used: GIB, ram_total: 64 * GIB, swap_total: 0 });
    expect(page.text("swap-value")).toBe("not configured");
    expect(page.find.queryByLabelText("Swap")).toBeNull();
    expect(page.find.queryByTestId("cgroup-value")).toBeNull();
    const job = { cgroup_used: 2 * GIB, cgroup_limit: 32 * GIB };
    page.sample("system/memory", { ram_used: GIB, ram_total: 64 * GIB, swap_total: 0, ...job });
    expect(page.text("cgroup-value")).toBe("2.0 GiB / 32 GiB");
    expect(page.find.getByTestId("memory-chart").getAttribute("aria-description")).toBe("RAM, This job, Job limit");
  });

  it("has dashes before the first sample", () => {
    expect(show(<MemoryUsage />).text("ram-percent")).toBe(DASH);
  });
});

describe("the panel of the I/O rates", () => {
  it("shows them in a unit that fits, and each device on demand", () => {
    const page = show(<InputOutputRates />);
    const per_device = { nvme0n1: { read_rate: 1234, write_rate: 0 }, "<b>": { read_rate: null, write_rate: 1 } };
    page.sample("system/disk", { read_rate: 1234, write_rate: 0.02, per_device });
    expect([page.text("disk-read"), page.text("disk-write")]).toEqual(["1.23 GB/s", "20.0 kB/s"]);
    expect([page.text("net-down"), page.text("net-up")]).toEqual([DASH, DASH]);
    expect(page.find.queryByRole("table", { hidden: true })).toBeNull();
    const devices = page.find.getByTestId<HTMLDetailsElement>("io-devices");
    act(() => {
      devices.open = true;
      devices.dispatchEvent(new Event("toggle"));
    });
    const table = page.find.getByRole("table", { hidden: true });
    expect(textOf(table)).toBe(`DiskRWnvme0n11.23 GB/s0 kB/s<b>${DASH}1.00 MB/s`);
  });

  it("gives the reason if the disks cannot be read", () => {
    const page = show(<InputOutputRates />);
    page.status({ disk: { state: "failing", reason: "Permission denied." } });
    expect(page.text("io-panel-silence")).toBe("Permission denied.");
  });
});

describe("the card of the host", () => {
  it("is not shown before its collector has reported", () => {
    expect(show(<HostCard />).find.queryByTestId("host-card")).toBeNull();
  });

  it("has the collector and the state of each sensor, with the reason", () => {
    const page = show(<HostCard />);
    const started = Date.now() - 7_200_000;
    const gpu = { state: "ok", description: "8 × H100", details: { driver_version: "570.12" } };
    page.status(
      { cpu: { state: "ok" }, gpu, disk: { state: "failing", reason: "denied" } },
      { version: "1.2", started },
    );
    expect(page.text("host-card")).toBe(
      `Host${HOST}Collector running for2 hSampling interval2 sNVIDIA driver570.12Collector version1.2` +
        "cpu okgpu 8 × H100disk failing",
    );
    page.badge("offline");
    expect(page.text("host-card")).not.toContain("running for");
  });
});
