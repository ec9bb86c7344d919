import { describe, expect, it } from "vitest";
import { memoryErrorsOf } from "../src/text/memoryErrors";
import { cpuPressure, memoryPressure } from "../src/text/pressure";
import { heatOf } from "../src/text/temperature";
import { throttleState } from "../src/text/throttleReasons";

describe("the throttle state of a GPU", () => {
  it("is calm only if nothing slowed the GPU down in the last 5 minutes either", () => {
    expect(throttleState(["gpu_idle"], { gpu_idle: 80, hw_thermal_slowdown: 0.4 })).toEqual({
      kind: "calm",
      text: "Not throttled",
    });
    expect(throttleState([], { hw_thermal_slowdown: 49, sw_power_cap: 51 })).toEqual({
      kind: "note",
      text: "Throttled recently: too hot (hardware)",
    });
  });

  it("names the slowdown, not the configured limit beside it", () => {
    expect(throttleState(["sw_power_cap", "sw_thermal_slowdown"], {})).toEqual({
      kind: "alarm",
      text: "Throttled: too hot",
    });
  });

  it("is not a problem for a busy GPU at its power limit", () => {
    expect(throttleState(["sw_power_cap"], { sw_power_cap: 100 })).toEqual({
      kind: "info",
      text: "Capped: power limit",
    });
  });
});

describe("the temperature of a GPU", () => {
  it("is judged by the GPU's own limit, whatever the number", () => {
    expect(heatOf({ temperature: 85, temperature_margin: 16 })).toBeNull();
    expect(heatOf({ temperature: 60, temperature_margin: 5 })?.kind).toBe("note");
    expect(heatOf({ temperature: 88, slowdown_temperature: 87 })?.kind).toBe("alarm");
    expect(heatOf({ temperature: 95 })).toBeNull();
  });
});

describe("the memory errors of a GPU", () => {
  it("are shown if there are any, the worst first", () => {
    expect(memoryErrorsOf({ ecc_errors_uncorrected: 0, ecc_errors_corrected: 900 })).toBeNull();
    expect(memoryErrorsOf({})).toBeNull();
    const recent = memoryErrorsOf({ ecc_errors_uncorrected: 5, ecc_errors_uncorrected_volatile: 3 });
    expect(recent).toMatchObject({ kind: "alarm", text: "3 uncorrectable ECC errors" });
    expect(recent?.detail).toContain("5 over the lifetime of the GPU");
  });

  it("from before the driver was loaded are only worth knowing, but a pending repair is a warning", () => {
    expect(memoryErrorsOf({ ecc_errors_uncorrected: 1 })).toMatchObject({
      kind: "info",
      text: "1 uncorrectable ECC error in the past",
    });
    const pending = memoryErrorsOf({ ecc_errors_uncorrected: 1, remapping_pending: 1 });
    expect(pending).toMatchObject({ kind: "note", text: "Memory repair pending" });
    expect(pending?.detail).toContain("Reset the GPU");
  });
});

describe("pressure", () => {
  it("on the cores is a problem only where they are busy", () => {
    expect([cpuPressure(10.4, 15), cpuPressure(70, 15)].map((each) => each?.kind)).toEqual(["info", "info"]);
    expect([cpuPressure(30, 90), cpuPressure(70, 90)].map((each) => each?.kind)).toEqual(["note", "alarm"]);
    expect(cpuPressure(0.2, 99)?.kind).toBe("calm");
    expect(cpuPressure(null, 99)).toBeNull();
  });

  it("on the memory is a problem once all tasks wait for it, or some often", () => {
    expect([memoryPressure(2, 0), memoryPressure(12, 0), memoryPressure(5, 4)].map((each) => each?.kind)).toEqual([
      "info",
      "note",
      "note",
    ]);
    expect(memoryPressure(30, 15)?.kind).toBe("alarm");
    expect(memoryPressure(null, null)).toBeNull();
  });
});
