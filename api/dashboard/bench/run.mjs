// The cost of the page: bytes, ms of the main thread per update, memory after 10,000 updates.
//
//   npm run build && npm run bench
//   GPU=1 UPDATES=60 MANY=0 npm run bench
//
// An update is one tick of all channels. Its cost is the CPU time of the page's main thread from one
// tick to the next: messages, script, style, layout, paint, and without a GPU the drawing of the
// canvases. The cost of measuring is measured first and subtracted.
//
// Requires the tools listed in bench/browser.mjs. Without them only the bytes are printed.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { chromium, emptyPage, HAS_GPU, heap, quantile, usage, wait } from "./browser.mjs";
import { frames, INTERVAL_MS } from "./machine.mjs";
import { serve } from "./server.mjs";

const ROOT = fileURLToPath(new URL("../../static/", import.meta.url));
const UPDATES = Number(process.env.UPDATES ?? 200);
const MANY = Number(process.env.MANY ?? 10_000);
const PAUSE_MS = HAS_GPU ? 700 : 150; // a software GPU is slow, and must not hold up the page

async function bytes() {
  let sum = 0;
  for (const entry of await readdir(ROOT, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const size = gzipSync(await readFile(join(entry.parentPath ?? entry.path, entry.name)), { level: 9 }).length;
    console.log(`  ${String(size).padStart(7)}  ${entry.name}`);
    sum += size;
  }
  console.log(`bytes, gzipped: ${sum} (limit 110,000)`);
}

/** The cost of updates, in ms of the main thread. */
async function costs(devtools, update) {
  const idle = (await differences(devtools, () => undefined, 40)).map((each) => each.TaskDuration);
  const own = quantile(idle, 0.5);
  const found = await differences(devtools, update, UPDATES);
  const tasks = found.map((each) => each.TaskDuration - own);
  const mean = (values) => (values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(2);
  const parts = ["ScriptDuration", "RecalcStyleDuration", "LayoutDuration"].map((part) => [
    part,
    mean(found.map((each) => each[part])),
  ]);
  return {
    median: quantile(tasks, 0.5).toFixed(2),
    mean: mean(tasks),
    p95: quantile(tasks, 0.95).toFixed(2),
    ...Object.fromEntries(parts),
  };
}

/** The growth of each number of `usage` with each call of `action`; durations in ms. */
async function differences(devtools, action, times) {
  const found = [];
  let before = await usage(devtools);
  for (let count = 0; count < times; count += 1) {
    action();
    await wait(PAUSE_MS);
    const after = await usage(devtools);
    found.push(Object.fromEntries(Object.entries(after).map(([name, value]) => [name, 1000 * (value - before[name])])));
    before = after;
  }
  return found;
}

async function measure(browser) {
  const clock = { time: Math.floor(Date.now() / INTERVAL_MS) * INTERVAL_MS };
  const server = await serve(ROOT, clock);
  const update = () => {
    clock.time += INTERVAL_MS;
    server.send(frames(clock.time));
  };
  const { page, devtools } = await emptyPage(browser);
  for (const range of ["1h", "15m", "5m"]) {
    await page.goto(`${server.address}#range=${range}&series=utilization,temperature,memory,power`);
    await page.reload();
    await page.getByTestId("gpu-row-7").waitFor();
    await wait(4500); // the history, and the fetch that completes it
    for (let count = 0; count < 30; count += 1) {
      update();
      await wait(PAUSE_MS);
    } // warm
    const cost = await costs(devtools, update);
    console.log(
      `update at ${range}: median ${cost.median}, mean ${cost.mean}, p95 ${cost.p95} ms of the main thread (target 4 ms); means: script ${cost.ScriptDuration}, style ${cost.RecalcStyleDuration}, layout ${cost.LayoutDuration}; ${UPDATES} updates`,
    );
  }
  await page.evaluate("requestAnimationFrame = () => 0");
  const { median, mean, p95 } = await costs(devtools, update);
  console.log(`receiving alone: median ${median}, mean ${mean}, p95 ${p95} ms (nothing is drawn)`);
  await page.reload();
  await wait(4500);
  const marks = [MANY / 5, MANY];
  for (let count = 1; count <= MANY; count += 1) {
    update();
    if (count % 4 === 0) await wait(16);
    if (marks.includes(count)) {
      await wait(1500);
      console.log(
        `heap after ${count} updates: ${(await heap(devtools)).toFixed(1)} MB, nodes ${(await usage(devtools)).Nodes}`,
      );
    }
  }
  server.close();
}

await bytes();
const browser = await chromium();
if (browser) {
  await measure(browser);
  await browser.close();
}
