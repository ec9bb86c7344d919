import { describe, expect, it } from "vitest";
import { parseFrames } from "../src/bus/frames";
import { historyOf, metricsOf } from "../src/bus/responses";
import { messageOf, streamAddress } from "../src/bus/rest";
import { HostClock } from "../src/store/clock";
import { csvName, csvOf } from "../src/store/csv";
import { HostData } from "../src/store/host";
import { DASH, degrees, energy, exactBytes, percent, rate, shortSizeOf, size, sizeOf } from "../src/text/numbers";
import { labelOf, readingOf } from "../src/text/readings";
import { throttleLabels, throttleShares } from "../src/text/throttleReasons";
import { duration } from "../src/text/time";
import { DEFAULT_VIEW, hashFromView, spanOf, toggled, viewFromHash, zoomTo } from "../src/view/view";

describe("numbers", () => {
  it("are written as the product's requirements write them", () => {
    expect(sizeOf(13_743_895_347, 17_179_869_184)).toBe("12.8 GiB / 16 GiB");
    expect(shortSizeOf(6_657_199_308, 8_589_934_592)).toBe("6.2 / 8.0 GiB");
    expect(`Util: ${percent(75)} | Temp: ${degrees(72)}`).toBe("Util: 75% | Temp: 72°");
    expect(degrees(-1.2)).toBe("−1°");
    expect([0, 0.0123, 0.9994, 0.9996, 1.8, 24.64, 120.5, 999.4, 6543].map(rate)).toEqual([
      "0 kB/s",
      "12.3 kB/s",
      "999 kB/s",
      "1.00 MB/s",
      "1.80 MB/s",
      "24.6 MB/s",
      "121 MB/s",
      "999 MB/s",
      "6.54 GB/s",
    ]);
  });

  it("have the units in which people read them", () => {
    expect([energy(287_634_775.5), energy(5_000)]).toEqual(["79.9 kWh", "1.4 Wh"]);
    const field = (name: string, unit = "") => ({ name, unit, kind: "number", help: "", fixed: false });
    expect(readingOf(field("nvlink_tx_rate", "MB/s"), 30_738.4)).toBe("30.7 GB/s");
    expect(readingOf(field("performance_state"), 0)).toBe("P0");
    expect(readingOf(field("sm_clock", "MHz"), 1_980)).toBe("1.98 GHz");
    expect(readingOf(field("remapping_pending"), 1)).toBe("yes");
    expect(readingOf(field("fan_speed", "%"), null)).toBe(DASH);
    expect(labelOf("ecc_errors_uncorrected_volatile")).toBe("ECC errors uncorrected volatile");
  });

  it("are a dash where they were not reported, never zero", () => {
    for (const missing of [null, undefined, NaN]) {
      expect([percent(missing), degrees(missing), rate(missing), size(missing)]).toEqual([DASH, DASH, DASH, DASH]);
      expect(shortSizeOf(missing, 8 * 1024 ** 3)).toBe(`${DASH} / 8.0 GiB`);
      expect(exactBytes(missing, 5)).toBe(`${DASH} / 5 bytes`);
    }
  });

  it("write durations in one unit or two", () => {
    expect([duration(45_000), duration(720_000), duration(11_100_000)]).toEqual(["45 s", "12 min", "3 h 5 min"]);
  });
});

describe("throttle reasons", () => {
  it("have labels, without that of an idle GPU; unknown ones stay readable", () => {
    expect(throttleLabels(["sw_power_cap", "gpu_idle", "hw_new_thing"])).toEqual(["power limit", "hw new thing"]);
  });

  it("have labelled shares, the largest first", () => {
    expect(throttleShares({ gpu_idle: 2.4, sw_power_cap: 37.5, hw_slowdown: 0.3, other: 0, none: "x" })).toBe(
      "power limit 38%, idle 2%, hardware slowdown <1%",
    );
    expect(throttleShares({})).toBe("");
  });
});

describe("the view in the address", () => {
  it("survives a round trip", () => {
    const view = {
      host: "a b&c#d",
      gpu: "3",
      range: "15m",
      series: ["power"],
      zoom: { from: 1e12, to: 2e12 },
      run: "ablation-7.1",
      page: "runs",
      compare: null,
      compareZoom: null,
    } as const;
    expect(viewFromHash(hashFromView(view))).toEqual(view);
    expect(hashFromView(DEFAULT_VIEW)).toBe("");
  });

  it("has defaults for invalid parts", () => {
    expect(viewFromHash("#gpu=<img>&range=9y&from=x&to=2&run=../x&page=none")).toEqual(DEFAULT_VIEW);
    expect(viewFromHash("#series=power,nonsense").series).toEqual(["power"]);
    expect(viewFromHash("#from=5&to=4").zoom).toBeNull();
  });

  it("spans whole milliseconds, so that ticks on the axis fall on whole seconds", () => {
    expect(zoomTo(10_000.0625, 30_000.9375)).toEqual({ from: 10_000, to: 30_001 });
    expect(zoomTo(10_000, 10_900)).toBeNull();
    expect(spanOf({ ...DEFAULT_VIEW, range: "5m" }, 400_000.4)).toEqual({ from: 100_000, to: 400_000, isFixed: false });
  });

  it("keeps the series in their order", () => {
    expect(toggled(["temperature"], "utilization")).toEqual(["utilization", "temperature"]);
    expect(toggled(["utilization", "power"], "power")).toEqual(["utilization"]);
  });
});

describe("CSV", () => {
  it("has a row per tick, and empty cells for values that were not reported", () => {
    const host = new HostData("h");
    const put = (channel: string, timestamp: number, values: object) =>
      host.accept({ host: "h", channel, timestamp, values: { ...values } }, { at: 0, wall: 0, age: "live" });
    put("system/disk", 1_000, { read_rate: 1.5, write_rate: null });
    put("system/network", 1_004, { upload_rate: 2 });
    put("system/disk", 3_000, { read_rate: 3 });
    const [header, first, second] = csvOf(host, { from: 0, to: 9_999 }).split("\r\n");
    expect(header).toBe(
      "timestamp_ms,time,disk.read_rate,disk.write_rate,disk.pressure_some,disk.pressure_full,network.upload_rate,network.download_rate",
    );
    expect(first).toBe("1000,1970-01-01T00:00:01.000Z,1.5,,,,2,");
    expect(second).toBe("3000,1970-01-01T00:00:03.000Z,3,,,,,");
    expect(csvOf(host, { from: 2_000, to: 2_500 }).split("\r\n")).toHaveLength(2);
  });

  it("has a file name that is valid whatever the name of the host", () => {
    expect(csvName("../<b> x", 0)).toBe("system-monitor_.._b_x_1970-01-01T000000Z.csv");
  });
});

describe("the data from the server", () => {
  it("is skipped where this page does not know it", () => {
    const known = { channel: "system/cpu", event: "metrics", data: { host: "h", timestamp: 1, new: {} } };
    const unknown = [
      { channel: "system/cpu", event: "new", data: {} },
      { channel: "system/annotations", event: "annotation", data: { host: "h", timestamp: 1, text: "a note" } },
      { channel: "system/gpu/0/novelty", event: "metrics", data: { host: "h", timestamp: 1 } },
      { event: "error", code: "x", message: "y" },
      null,
    ];
    expect(parseFrames(JSON.stringify([...unknown, known])).map((frame) => frame.kind)).toEqual(["sample"]);
    const removed = { channel: "system/gpu/1", event: "removed", data: { host: "h" } };
    expect(parseFrames(JSON.stringify([removed]))).toEqual([{ kind: "removed", host: "h", channel: "system/gpu/1" }]);
    expect(parseFrames("no json")).toEqual([]);
    expect(parseFrames("{}")).toEqual([]);
    expect(metricsOf({ host: "h", state: "resting", gpu: null, cpu: null, fpga: {} })?.samples).toEqual([]);
    expect(historyOf({ channels: { x: null } })?.channels.size).toBe(0);
  });

  it("is one sentence if it is an error", () => {
    expect(messageOf({ error: { code: "a", message: "Unknown host." } }, 404)).toBe("Unknown host.");
    expect(messageOf("<html>", 502)).toBe("The server responded with HTTP status 502.");
  });

  it("is streamed from the page's own origin", () => {
    expect(streamAddress("a b", "https://x.org/sm/?q=1#h")).toBe(
      "wss://x.org/sm/api/v1/system/ws?channels=system%2F%23&host=a+b&batch=true",
    );
  });
});

describe("the collector's clock", () => {
  it("is not moved by late samples", () => {
    const clock = new HostClock();
    clock.observe(5_000, 1_000);
    clock.observe(2_000, 2_000);
    expect(clock.at(2_000)).toBe(6_000);
  });

  it("is an estimate until the first live sample arrives", () => {
    const clock = new HostClock();
    clock.assume(1_000, 1_000); // the clock is behind, so the server overestimates the sample's age
    expect(clock.ahead).toBe(0);
    clock.observe(-1_199_000, 1_000);
    expect(clock.ahead).toBe(-1_200_000);
  });

  it("is not moved by a false sample now and then, and follows a clock that was set", () => {
    const clock = new HostClock();
    for (let wall = 0; wall < 50_000; wall += 1_000) clock.observe(wall % 3_000 ? wall : wall + 10_800_000, wall);
    expect(clock.ahead).toBe(0);
    for (const set of [7_200_000, -7_200_000]) {
      for (let wall = 50_000; wall < 55_000; wall += 1_000) clock.observe(wall + set, wall);
      expect(clock.ahead).toBe(set);
    }
  });

  it("follows when the clock is set back, after a while", () => {
    const clock = new HostClock();
    for (let wall = 0; wall < 200_000; wall += 1_000) clock.observe(wall < 10_000 ? wall + 9_000 : wall - 500, wall);
    expect(clock.at(200_000)).toBe(199_500);
  });
});
