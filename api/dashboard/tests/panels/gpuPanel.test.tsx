// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from "vitest";
import { GpuPanel } from "../../src/panels/GpuPanel";
import { DASH, GIB, type Page, show } from "./page";

vi.mock("../../src/charts/TimeChart", () => import("./charts"));

const GPU = "system/gpu/0";
let page: Page;

beforeEach(() => {
  vi.useFakeTimers();
  page = show(<GpuPanel />);
});

describe("the panel of a GPU", () => {
  it("shows its utilization, its temperature and what is beside them", () => {
    page.sample(GPU, { utilization: 75, temperature: 72, sm_clock: 1965, memory_utilization: 44, power: 310.4 });
    expect(page.text("gpu-now")).toBe("Util: 75% | Temp: 72°");
    expect(page.text("gpu-panel")).toContain("SM clock1.97 GHz");
    expect(page.text("gpu-panel")).toContain("Memory active44%");
    expect(page.text("gpu-power")).toBe(`310 / ${DASH}`);
    page.sample(GPU, { utilization: 8, temperature: 41 });
    expect(page.text("gpu-now")).toBe("Util: 8% | Temp: 41°");
  });

  it("has a dash for what the hardware does not report", () => {
    page.sample(GPU, { utilization: 75, temperature: null });
    expect(page.text("gpu-now")).toBe(`Util: 75% | Temp: ${DASH}`);
    expect(page.text("gpu-margin")).toBe(DASH);
    expect(page.text("series-temperature")).toBe(`Temperature${DASH}`);
    expect(page.find.queryByTestId("gpu-throttle")).toBeNull();
    expect(page.find.queryByTestId("gpu-memory-errors")).toBeNull();
  });

  it("gives the reason if there is no GPU", () => {
    expect(page.text("gpu-reason")).toBe("The collector has not reported its GPUs yet.");
    page.status({ gpu: { state: "disabled", reason: "No NVIDIA driver was found." } });
    expect(page.text("gpu-panel")).toBe("GPU Utilization & TempNo NVIDIA driver was found.");
  });

  it("reports since when there is no data, and why", () => {
    vi.setSystemTime(new Date(2026, 10, 28, 12, 0, 0));
    page.sample(GPU, { utilization: 75 });
    expect(page.text("gpu-panel-silence")).toBeNull();
    page.pass(7_000);
    expect(page.text("gpu-panel-silence")).toBe("No data since 12:00:00.");
    page.status({ gpu: { state: "failing", reason: "GPU 0 is lost." } });
    expect(page.text("gpu-panel-silence")).toBe("No data since 12:00:00. GPU 0 is lost.");
    page.badge("stale"); // it reports since when, for the whole page
    expect(page.text("gpu-panel-silence")).toBe("GPU 0 is lost.");
    page.badge("live");
    page.sample(GPU, { utilization: 76 });
    page.status({ gpu: { state: "ok" } });
    expect(page.text("gpu-panel-silence")).toBeNull();
  });

  it("names what slows the GPU down, now and recently", () => {
    page.sample(GPU, { utilization: 75, throttle_reasons: [], throttle_shares: {} });
    expect(page.text("gpu-throttle")).toBe("Not throttled");
    page.sample(GPU, {
      utilization: 75,
      throttle_reasons: ["sw_thermal_slowdown"],
      throttle_shares: { sw_thermal_slowdown: 12, sw_power_cap: 0.4 },
    });
    expect(page.text("gpu-throttle")).toBe("Throttled: too hot");
    expect(page.text("gpu-throttle-shares")).toBe("Last 5 min: too hot 12%, power limit <1%");
  });

  it("names memory errors", () => {
    page.sample(GPU, { utilization: 75, ecc_errors_uncorrected_volatile: 3 });
    expect(page.text("gpu-memory-errors")).toBe("3 uncorrectable ECC errors");
  });

  it("explains why a GPU in MIG mode has no utilization, and lists its instances while they report", () => {
    page.sample(GPU, { utilization: null });
    expect(page.text("gpu-mig-note")).toBeNull();
    page.sample(`${GPU}/mig/0`, { memory_used: GIB, memory_total: 10 * GIB });
    page.sample(`${GPU}/mig/2`, { memory_used: 3 * GIB, memory_total: 10 * GIB });
    expect(page.text("gpu-mig-note")).toContain("In MIG mode");
    expect(page.text("gpu-instances")).toBe("MIG 01.0 / 10.0 GiBMIG 23.0 / 10.0 GiB");
    const bar = page.find.getByLabelText("Memory of MIG 2 of GPU 0");
    expect(bar.getAttribute("aria-valuenow")).toBe("30");
    page.pass(7_000);
    page.sample(GPU, { utilization: 5 });
    expect(page.find.queryByTestId("gpu-instances")).toBeNull();
  });

  it("adds a line to its chart and to the address", () => {
    page.sample(GPU, { utilization: 75, power: 310 });
    expect(page.find.getByTestId("utilization-chart").getAttribute("aria-description")).not.toContain("Power");
    page.click(page.find.getByTestId("series-power"));
    expect(page.find.getByTestId("utilization-chart").getAttribute("aria-description")).toContain("Power");
    expect(location.hash).toContain("power");
  });
});

describe("the processes of a GPU", () => {
  const process = (pid: number) => ({ pid, name: "python3", user: "ada", memory_used: pid * 2 ** 20, kind: "compute" });
  const rows = () => page.find.queryAllByRole("row", { hidden: true }).length;

  beforeEach(() => page.sample(GPU, { utilization: 75 }));

  it("are not shown if the collector does not report them", () => {
    expect(page.find.queryByTestId("gpu-processes")).toBeNull();
    page.sample(`${GPU}/processes`, { processes: null });
    expect(page.text("gpu-processes")).toBe("This GPU does not report its processes.");
    page.sample(`${GPU}/processes`, { processes: [] });
    expect(page.text("gpu-processes")).toBe("No processes are using this GPU.");
  });

  it("are listed, and the rest counted", () => {
    const processes = Array.from({ length: 8 }, (_, index) => process(900 - index));
    page.sample(`${GPU}/processes`, { processes, more: 2, note: "Names are hidden." });
    expect(rows()).toBe(7);
    expect(page.text("gpu-processes")).toContain("python3ada900900.0 MiB");
    expect(page.text("gpu-processes")).toContain("Processes that use less memory and are not listed: 4.");
    expect(page.text("gpu-processes-note")).toBe("Names are hidden.");
  });

  it("have the command, how long they have run and what they are", () => {
    const started = Date.now() - 90_000;
    const row = { ...process(1), command: "python3 train.py", kind: "graphics", gpu_instance: 2, started };
    page.sample(`${GPU}/processes`, { processes: [row] });
    expect(page.text("gpu-processes")).toMatch(/python3 train.py graphics GI 2ada11.0 MiB90 s$/);
  });
});
