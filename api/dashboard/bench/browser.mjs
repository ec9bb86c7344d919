// Chromium, and reading the cost of a page from it.
//
// Requires playwright-core (npm install --no-save playwright-core, or PLAYWRIGHT_CORE=/path/to/it) and
// Chromium (CHROMIUM=/path, else /usr/bin/chromium). It draws without a GPU. With GPU=1 the GPU process
// draws, as on a laptop, with a software GPU (SwiftShader).
import { join } from "node:path";
import { pathToFileURL } from "node:url";

export const HAS_GPU = process.env.GPU === "1";
const DRAWING = HAS_GPU
  ? ["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist", "--enable-gpu-rasterization"]
  : ["--disable-gpu"];
const FLAGS = [
  ...DRAWING,
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A browser, or null with the reason printed. */
export async function chromium() {
  const path = process.env.PLAYWRIGHT_CORE;
  try {
    const module = await import(path ? pathToFileURL(join(path, "index.mjs")).href : "playwright-core");
    return await module.chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
  } catch (error) {
    console.log(`No browser: ${String(error.message).split("\n")[0]}`);
    console.log("See the first lines of bench/browser.mjs.");
    return null;
  }
}

/** An empty page the size of a laptop's screen, and the DevTools session to measure it. */
export async function emptyPage(browser) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
  return { page, devtools };
}

/** The page's counters since it was opened; `…Duration` is CPU time of its main thread in s. */
export async function usage(devtools) {
  const { metrics } = await devtools.send("Performance.getMetrics");
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
}

/** MB of the JavaScript heap, after a garbage collection. */
export async function heap(devtools) {
  await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize, backingStorageSize = 0 } = await devtools.send("Runtime.getHeapUsage");
  return (usedSize + backingStorageSize) / 1e6;
}

export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)];
}
