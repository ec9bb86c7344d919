import { expect, test } from "vitest";
import { type GlancedFinding, type GlancedGpu, type GlancedHost, overviewOf } from "../src/bus/overview";
import { chosen, countOf, fleetOf } from "../src/store/fleet";
import { cellOf } from "../src/text/glance";
import { shortNames } from "../src/text/shortNames";

const GIB = 2 ** 30;
const BUSY: GlancedGpu = {
  id: "0",
  utilization: 90,
  memoryUsed: 40 * GIB,
  throttleReasons: [],
  processes: 1,
  isStale: false,
};
const FREE = { ...BUSY, utilization: 0, memoryUsed: GIB / 2, processes: 0 };
const IDLE = { ...FREE, memoryUsed: 60 * GIB, processes: 1 };

function finding(kind: string, severity: GlancedFinding["severity"], subject = "gpu0"): GlancedFinding {
  return { kind, subject, severity, since: 1, summary: `${subject}: ${kind}` };
}

function host(name: string, gpus: readonly GlancedGpu[], findings: readonly GlancedFinding[] = []): GlancedHost {
  return { name, isOffline: false, isStale: false, cpu: 1, memory: 2, gpus, findings };
}

function kindWith(gpu: GlancedGpu, ...findings: readonly GlancedFinding[]) {
  return cellOf(gpu, host("alpha", [], findings)).kind;
}

test("a cell shows trouble and whether the GPU is free, not its load", () => {
  expect([BUSY, { ...BUSY, utilization: 0 }, FREE].map((gpu) => kindWith(gpu))).toEqual(["busy", "busy", "free"]);
  expect(kindWith(BUSY, finding("hardware", "critical"))).toBe("critical");
  expect(kindWith(BUSY, finding("hardware", "critical", "gpu01"))).toBe("busy");
  expect(kindWith({ ...BUSY, throttleReasons: ["hw_thermal_slowdown"] })).toBe("warning");
  expect(kindWith({ ...BUSY, throttleReasons: ["sw_power_cap"] })).toBe("busy");
});

test("a GPU that is held but idle has a mark of its own, unless there is worse", () => {
  expect(kindWith(IDLE)).toBe("busy");
  expect(kindWith(IDLE, finding("idle_gpu", "warning"))).toBe("idle");
  expect(kindWith(IDLE, finding("idle_gpu", "warning"), finding("hardware", "warning"))).toBe("warning");
});

test("a GPU without current data is never free", () => {
  expect(kindWith({ ...FREE, isStale: true })).toBe("unknown");
  expect(kindWith({ ...FREE, utilization: null })).toBe("busy"); // as in MIG mode
  expect(kindWith({ ...FREE, utilization: null, memoryUsed: null })).toBe("unknown");
  expect(cellOf(FREE, { isOffline: true, findings: [] }).kind).toBe("unknown");
});

const FLEET = fleetOf(
  [
    host("node-10", [BUSY], [finding("hardware", "critical")]),
    host("node-9", [IDLE, { ...BUSY, id: "1" }], [finding("idle_gpu", "warning")]),
    host("node-2", [FREE, FREE]),
    host("node-1", [BUSY]),
  ],
  ["node-1", "gone"],
);
const named = (rows: readonly { readonly name: string }[]) => rows.map(({ name }) => name);

test("hosts with free GPUs come first, then those with idle ones", () => {
  expect(named(chosen(FLEET, "", "free"))).toEqual(["node-2", "node-9", "gone", "node-1", "node-10"]);
  expect(named(chosen(FLEET, "", "findings"))).toEqual(["node-10", "node-9", "gone", "node-1", "node-2"]);
  expect(named(chosen(FLEET, "", "name"))).toEqual(["gone", "node-1", "node-2", "node-9", "node-10"]);
  expect(countOf(FLEET, "free", "idle")).toBe(3);
});

test("a search finds hosts by the words of their name or worst finding", () => {
  expect(named(chosen(FLEET, "HARDWARE node", "name"))).toEqual(["node-10"]);
  expect(chosen(FLEET, "nothing", "name")).toEqual([]);
});

test("a host that is only in the history is offline", () => {
  expect(FLEET.find(({ name }) => name === "gone")).toMatchObject({ state: "offline", cells: [] });
});

test("an overview with invalid parts keeps the valid ones", () => {
  const gpu = { id: "0", utilization: 5, memory_used: 1, throttle_reasons: null, processes: null, stale: false };
  const body = { hosts: [{ host: "a", state: "online", gpus: [gpu, { id: 7 }], findings: [{ severity: "odd" }] }, 3] };
  expect(overviewOf(body)).toEqual([
    {
      ...host("a", [{ ...BUSY, utilization: 5, memoryUsed: 1, processes: null }]),
      ...{ cpu: null, memory: null },
    },
  ]);
  expect(overviewOf({})).toBeNull();
});

test("what the names have in common is shortened", () => {
  const names = ["01", "12", "112"].map((number) => `ml-cluster-node${number}.compute.example.org`);
  const short = ["ml-…node01…org", "ml-…node12…org", "ml-…node112…org", "workstation"];
  expect([...shortNames([...names, "workstation"]).values()]).toEqual(short);
  expect(shortNames(["gpu-1.lab.example", "gpu-2.lab.example"]).get("gpu-1.lab.example")).toBe("gpu-1…example");
  expect([...shortNames(["gpu-1", "gpu-12"]).values()]).toEqual(["gpu-1", "gpu-12"]);
  expect([...shortNames(["workstation.example.org"]).values()]).toEqual(["workstation.example.org"]);
  expect([...shortNames(["a", "a-very-long-name-of-a-host-that-fills-lines"]).values()]).toEqual([
    "a",
    "a-very-long-…hat-fills-lines",
  ]);
  expect(shortNames([]).size).toBe(0);
});
