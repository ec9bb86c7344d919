// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from "vitest";
import { GpuMatrix } from "../../src/panels/GpuMatrix";
import { GpuMemory } from "../../src/panels/GpuMemory";
import { DASH, GIB, show } from "./page";

vi.mock("../../src/charts/TimeChart", () => import("./charts"));

beforeEach(() => {
  vi.useFakeTimers();
});

describe("the table of all GPUs", () => {
  const shown = () => {
    const page = show(<GpuMatrix />);
    page.sample("system/gpu/0", {
      utilization: 5,
      temperature: 40,
      slowdown_temperature: 87,
      power: 70,
      power_limit: 700,
    });
    page.sample("system/gpu/1", { utilization: 95, temperature: null, power: null });
    page.findings();
    return page;
  };

  it("has a row for each GPU, with its numbers beside their limits", () => {
    const page = shown();
    expect(page.text("gpu-0-utilization")).toBe("5%");
    expect(page.text("gpu-0-temperature")).toBe("40° / 87°");
    expect(page.text("gpu-0-power")).toBe("70 / 700 W");
    expect(page.text("gpu-state-0")).toContain("no findings");
    expect([page.text("gpu-1-temperature"), page.text("gpu-1-power")]).toEqual([DASH, DASH]);
  });

  it("is not shown for a single GPU", () => {
    const page = show(<GpuMatrix />);
    page.sample("system/gpu/0", { utilization: 5 });
    expect(page.find.queryByTestId("gpu-matrix")).toBeNull();
  });

  it("has the worst finding of a GPU as its state, or that it does not report", () => {
    const page = shown();
    page.findings(
      { kind: "idle_held", subject: "gpu1", severity: "info" },
      { subject: "gpu1", severity: "critical", summary: "GPU 1 will be full." },
    );
    expect(page.text("gpu-state-1")).toContain("memory growth: GPU 1 will be full.");
    expect(page.find.getByTestId("gpu-state-1").dataset.kind).toBe("critical");
    page.pass(7_000);
    page.sample("system/gpu/0", { utilization: 5 });
    expect(page.text("gpu-state-1")).toBe("○ no data");
  });

  it("has the process with the most memory, and counts the others", () => {
    const page = shown();
    const processes = [
      { pid: 1, command: "python3 train.py", user: "ada" },
      { pid: 2, name: "Xorg", user: "root" },
    ];
    page.sample("system/gpu/0/processes", { processes, more: 3 });
    page.sample("system/gpu/1/processes", { processes: [] });
    expect(page.text("gpu-row-0")).toContain("python3 train.py +4ada");
    expect(page.text("gpu-row-1")).toContain("none");
  });

  it("selects a GPU, and shows all in one chart on demand", () => {
    const page = shown();
    page.click(page.find.getByText("1", { selector: "button" }));
    expect(page.monitor.selectedGpu).toBe("1");
    expect(location.hash).toContain("gpu=1");
    page.click(page.find.getByTestId("all-gpus-toggle"));
    expect(page.find.getByTestId("all-gpus").getAttribute("aria-label")).toBe("Utilization of all GPUs over time");
    page.click(page.find.getByText("Memory", { selector: "button" }));
    expect(page.find.getByTestId("all-gpus").getAttribute("aria-label")).toBe("Memory of all GPUs over time");
  });
});

describe("the memory of the GPUs", () => {
  it("is a bar for each, with the bytes in use", () => {
    const page = show(<GpuMemory />);
    page.sample("system/gpu/0", { memory_used: 6.2 * GIB, memory_total: 8 * GIB });
    expect(page.text("gpu-memory-0")).toBe("GPU 06.2 / 8.0 GiB 78%");
    const bar = page.find.getByLabelText("Memory of GPU 0");
    expect(bar.getAttribute("aria-valuenow")).toBe("78");
    expect(bar.getAttribute("aria-valuetext")).toBe("6.2 / 8.0 GiB");
  });

  it("is marked where it is nearly full, unified, or not reported", () => {
    const page = show(<GpuMemory />);
    page.sample("system/gpu/0", { memory_used: 79 * GIB, memory_total: 80 * GIB });
    page.sample("system/gpu/1", { memory_used: GIB, memory_total: 128 * GIB, memory_kind: "unified" });
    page.sample("system/gpu/2", { memory_used: null, memory_total: null });
    expect(page.text("gpu-memory-0")).toContain("nearly full");
    expect(page.text("gpu-memory-1")).toContain("GPU 1 unified");
    expect(page.text("gpu-memory-2")).toContain(DASH);
    expect(page.find.getByLabelText("Memory of GPU 2").getAttribute("aria-hidden")).toBe("true");
  });

  it("is a sentence where there is no GPU", () => {
    const page = show(<GpuMemory />);
    expect(page.text("gpu-memory")).toBe("GPU MemoryThe collector has not reported its GPUs yet.");
    page.status({ gpu: { state: "disabled", reason: "No NVIDIA driver was found." } });
    expect(page.text("gpu-memory")).toBe("GPU MemoryNo GPU.");
  });
});
