// The cost of leaving a page open, compared with other monitors' pages and nearly empty ones.
//
//   npm run build && npm run bench:peers
//
// Each page is opened in its own browser, 1440 by 900, left alone for SETTLE s (20) and then measured
// for SECONDS (60), in ROUNDS (2) rounds: CPU time of the page's main thread, of its renderer process,
// and of the compositor's process, which paints the page if there is no GPU. All monitors run all the
// time with their own defaults, and collect for FILL s (300) first, so that there is a history to draw;
// with FOLDER=/path they keep it there for the next run.
//
// Requires the tools listed in bench/browser.mjs, and the monitors; it prints how to install a missing
// one. They are not dependencies of this project: install them elsewhere, and set GLANCES, NVDASHBOARD,
// NETDATA and SYSTEM_MONITOR (default: this repository's .venv). PICTURES=/path saves screenshots.
import { mkdtemp } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { chromium, emptyPage, heap, quantile, usage, wait } from "./browser.mjs";
import { SUBJECTS, startServers } from "./subjects.mjs";

const SETTLE = Number(process.env.SETTLE ?? 20);
const SECONDS = Number(process.env.SECONDS ?? 60);
const ROUNDS = Number(process.env.ROUNDS ?? 2);
const FILL = Number(process.env.FILL ?? 300);
const WINDOW = 10; // s; the longest time between two drawings of a chart on any of these pages
const PARTS = ["document", "script", "stylesheet", "image", "font"];

/** Gzipped bytes of the page's files, without its data, as they are received. */
function weighed(page) {
  const sizes = [];
  page.on("response", (response) => {
    if (!PARTS.includes(response.request().resourceType()) || response.url().startsWith("data:")) return;
    sizes.push(
      response.body().then(
        (body) => gzipSync(body).length,
        () => 0,
      ),
    );
  });
  return async () => (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** Bytes of data received so far. */
async function received(devtools) {
  let sum = 0;
  devtools.on("Network.dataReceived", ({ encodedDataLength }) => {
    sum += encodedDataLength;
  });
  devtools.on("Network.webSocketFrameReceived", ({ response }) => {
    sum += Buffer.byteLength(response.payloadData);
  });
  await devtools.send("Network.enable");
  return () => sum;
}

/** CPU seconds so far: the page's main thread, all renderer processes, the compositor's process. */
async function spent(devtools, processes) {
  const { TaskDuration: main } = await usage(devtools);
  const { processInfo } = await processes.send("SystemInfo.getProcessInfo");
  const of = (type) => processInfo.reduce((sum, each) => sum + (each.type === type ? each.cpuTime : 0), 0);
  return { main, renderer: of("renderer"), compositor: of("GPU"), at: performance.now() / 1000 };
}

/** Leave `address` open for a while; return ms of CPU time per second for each window, and sizes. */
async function visit(name, address) {
  const browser = await chromium();
  const { page, devtools } = await emptyPage(browser);
  const processes = await browser.newBrowserCDPSession();
  const weight = weighed(page);
  await page.goto(address);
  await wait(SETTLE * 1000);
  const page_kB = (await weight()) / 1000;
  const data = await received(devtools);
  const windows = [];
  for (let before = await spent(devtools, processes), left = SECONDS; left > 0; left -= WINDOW) {
    await wait(WINDOW * 1000);
    const after = await spent(devtools, processes);
    const rate = (key) => (1000 * (after[key] - before[key])) / (after.at - before.at);
    windows.push({ main: rate("main"), renderer: rate("renderer"), compositor: rate("compositor") });
    before = after;
  }
  const found = { windows, page_kB, data_kB: data() / 1000 / SECONDS, heap_MB: await heap(devtools) };
  const { PICTURES } = process.env;
  if (PICTURES) await page.screenshot({ path: join(PICTURES, `${name.replaceAll(/\W+/g, "-")}.png`) });
  await browser.close();
  return found;
}

const HEAD = [
  "page",
  "refresh, s",
  "main thread, ms/s",
  "p10–p90",
  "ms per refresh",
  "renderer, ms/s",
  "compositor, ms/s",
  "heap, MB",
  "page, kB gzipped",
  "data, kB/s",
];

/** One row of the table: medians of all windows, and of the visits. */
function row({ name, refresh }, visits) {
  const windows = visits.flatMap((each) => each.windows);
  const of = (values, key, share = 0.5) =>
    quantile(
      values.map((each) => each[key]),
      share,
    );
  const main = of(windows, "main");
  const spread = [0.1, 0.9].map((share) => of(windows, "main", share).toFixed(1)).join("–");
  const processes = [of(windows, "renderer"), of(windows, "compositor")];
  const sizes = ["heap_MB", "page_kB", "data_kB"].map((key) => of(visits, key));
  const numbers = [main * refresh, ...processes, ...sizes].map((each) => each.toFixed(1));
  return [name, refresh, main.toFixed(1), spread, ...numbers];
}

const line = (cells) => `| ${cells.join(" | ")} |`;
const load = () =>
  loadavg()
    .map((each) => each.toFixed(1))
    .join(", ");

async function measureAll(servers) {
  await startServers(process.env.FOLDER ?? (await mkdtemp(join(tmpdir(), "peers-"))), servers);
  const found = new Map(SUBJECTS.filter(({ server }) => !server || servers.has(server)).map((each) => [each, []]));
  await wait(FILL * 1000);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [subject, visits] of found) {
      visits.push(await visit(subject.name, (servers.get(subject.server)?.address ?? "") + subject.at));
      console.error(line(row(subject, visits.slice(-1))));
    }
    console.log(`round ${round + 1} of ${ROUNDS}, load ${load()}`);
  }
  const rows = [...found].map(([subject, visits]) => row(subject, visits));
  console.log([HEAD, HEAD.map(() => "---"), ...rows].map(line).join("\n"));
}

const browser = await chromium();
if (!browser) process.exit(1);
console.log(`Chromium ${browser.version()} without a GPU, ${cpus().length} cores (${cpus()[0].model}), load ${load()}`);
await browser.close();
const servers = new Map();
try {
  await measureAll(servers);
} finally {
  for (const server of servers.values()) await server.close();
}
