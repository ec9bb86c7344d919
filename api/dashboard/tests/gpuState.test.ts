import { expect, test } from "vitest";
import type { Finding, Severity } from "../src/bus/payload";
import type { Monitor } from "../src/monitor";
import { gpuOfSubject } from "../src/store/findings";
import { HostData } from "../src/store/host";
import { stateOfGpu } from "../src/text/gpuState";

const HEALTHY = { utilization: 50, throttle_reasons: [], throttle_shares: {} };

function finding(severity: Severity, subject = "gpu1"): Finding {
  const channel = `system/findings/memory_growth/${subject}`;
  const rest = { host: "alpha", isOver: false, since: 0, timestamp: 0, ended: null, advice: "", evidence: null };
  return { ...rest, channel, subject, severity, summary: "GPU 1 grows." };
}

function stateWith(values: object, findings: readonly Finding[] = [], isStale = false) {
  const shown = new HostData("alpha");
  const sample = { host: "alpha", channel: "system/gpu/1", timestamp: 1, values: { ...HEALTHY, ...values } };
  shown.accept(sample, { at: 0, wall: 1, age: "live" });
  const active = new Map(findings.map((each) => [each.channel, each]));
  const monitor = {
    shown,
    findings: { active, isComplete: true, problem: null, changes: new Map() },
    isStale: () => isStale,
    values: (channel: string) => shown.newest.get(channel)?.values ?? {},
  };
  return stateOfGpu("1", monitor as unknown as Monitor);
}

test("a GPU without a finding is calm", () => {
  expect(stateWith({})).toMatchObject({ kind: "calm", label: "no findings" });
  expect(stateWith({}, [finding("critical", "gpu10"), finding("warning", "host")])).toMatchObject({ kind: "calm" });
});

test("the worst finding about a GPU is its state, with the sentence", () => {
  const findings = [finding("info"), finding("critical", "gpu1-nvlink")];
  expect(stateWith({}, findings)).toEqual({
    kind: "critical",
    sign: "✕",
    label: "memory growth",
    detail: "GPU 1 grows.",
  });
});

test("heat of the last five minutes is a warning although it is over", () => {
  const state = stateWith({ throttle_shares: { hw_thermal_slowdown: 49, sw_power_cap: 20 } });
  expect(state).toMatchObject({ kind: "warning", label: "too hot (hardware)" });
});

test("a limit on power has another mark than heat", () => {
  expect(stateWith({ throttle_reasons: ["sw_power_cap"] })).toMatchObject({ kind: "note", label: "power limit" });
  expect(stateWith({ throttle_reasons: ["gpu_idle"] })).toMatchObject({ kind: "calm" });
});

test("a GPU that is silent is never shown as calm", () => {
  expect(stateWith({}, [], true)).toMatchObject({ kind: "unknown", label: "no data" });
  expect(stateWith({ utilization: null })).toMatchObject({ kind: "critical", label: "not reporting" });
});

test("a subject names a GPU, or one of its parts", () => {
  expect(["gpu3", "gpu12-nvlink", "memory", "gpu-all"].map(gpuOfSubject)).toEqual(["3", "12", null, null]);
});
