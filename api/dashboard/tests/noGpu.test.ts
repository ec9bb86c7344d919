import { describe, expect, it } from "vitest";
import { statusOf } from "../src/bus/payload";
import { HostData } from "../src/store/host";
import { isGpuDisabled, noGpuReason } from "../src/text/noGpu";

function hostWith(sensors: Record<string, object>, state = "online"): HostData {
  const host = new HostData("h");
  host.status = statusOf({ host: "h", state, sensors });
  return host;
}

describe("the reason for no GPU", () => {
  it("is the sensor's own, if it reports one", () => {
    expect(noGpuReason(hostWith({ gpu: { state: "absent", reason: "No NVIDIA driver." } }))).toBe("No NVIDIA driver.");
  });

  it("is the setting, if the collector runs without the GPU sensor", () => {
    const host = hostWith({ cpu: { state: "ok" } });
    expect(isGpuDisabled(host)).toBe(true);
    expect(noGpuReason(host)).toBe("GPU monitoring is disabled (setting disabled_sensors).");
  });

  it("is not the setting while the sensors are unknown", () => {
    const unknown = [null, new HostData("h"), hostWith({}, "offline"), hostWith({ gpu: { state: "starting" } })];
    expect(unknown.map(isGpuDisabled)).toEqual([false, false, false, false]);
    expect(unknown.map(noGpuReason)).toEqual([
      "Waiting for the first samples.",
      "The collector has not reported its GPUs yet.",
      "No GPU samples have arrived yet.",
      "The collector has not reported its GPUs yet.",
    ]);
  });
});
