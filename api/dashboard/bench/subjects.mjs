// The pages that are compared, and how to start each.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { wait } from "./browser.mjs";
import { frames, INTERVAL_MS } from "./machine.mjs";
import { serve } from "./server.mjs";

const HERE = (path) => fileURLToPath(new URL(path, import.meta.url));
const START_MS = 60_000;

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

/** Run `command` with `folder` as its home until its page responds; its output goes to `folder`/output.log. */
async function program(folder, command, options, address) {
  const log = openSync(join(folder, "output.log"), "w");
  const env = { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder };
  const child = spawn(command, options, { stdio: ["ignore", log, log], env });
  const exit = once(child, "exit");
  process.once("exit", () => child.kill());
  const responds = () =>
    fetch(address).then(
      (response) => response.ok,
      () => false,
    );
  for (const end = Date.now() + START_MS; !(await responds()); await wait(250)) {
    if (child.exitCode === null && Date.now() < end) continue;
    child.kill();
    throw new Error(`${command} is not responding: see ${folder}/output.log`);
  }
  return { address, close: () => child.kill() && exit };
}

const systemMonitor = {
  key: "system-monitor",
  command: process.env.SYSTEM_MONITOR ?? HERE("../../../.venv/bin/system-monitor"),
  get: "make .venv/installed",
  async start(folder, command) {
    const [http, mqtt] = [await freePort(), await freePort()];
    const options = ["up", "--http-port", http, "--mqtt-port", mqtt, "--data-dir", folder, "--host-name", "bench"];
    return program(folder, command, options, `http://127.0.0.1:${http}/`);
  },
};

const glances = (key, ...more) => ({
  key,
  command: process.env.GLANCES ?? "glances",
  get:
    "python3 -m venv /tmp/glances; /tmp/glances/bin/pip install 'glances[web]'; " + "GLANCES=/tmp/glances/bin/glances",
  async start(folder, command) {
    const port = await freePort();
    const options = ["-w", "-B", "127.0.0.1", "-p", port, "--disable-check-update", ...more];
    return program(folder, command, options, `http://127.0.0.1:${port}/`);
  },
});

/** An early NVDashboard, which has its own page; the newest is part of JupyterLab's. */
const nvdashboard = {
  key: "nvdashboard",
  command: process.env.NVDASHBOARD ?? "nvdashboard",
  get:
    "python3 -m venv /tmp/nv; /tmp/nv/bin/pip install 'bokeh<3' 'numpy<1.24' 'pynvml<12' psutil; " +
    "/tmp/nv/bin/pip install --no-deps jupyterlab-nvdashboard==0.7.0; NVDASHBOARD=/tmp/nv/bin/nvdashboard",
  async start(folder, command) {
    const port = await freePort();
    return program(folder, command, [port], `http://127.0.0.1:${port}/Machine-Resources`);
  },
};

const netdata = {
  key: "netdata",
  command: process.env.NETDATA ?? "netdata",
  version: "-V",
  get: "apt-get install netdata",
  async start(folder, command) {
    const port = await freePort();
    const folders = ["cache", "lib", "log"].map((name) => [name, join(folder, name)]);
    for (const [, path] of folders) await mkdir(path, { recursive: true });
    const sections = {
      global: { "run as user": userInfo().username },
      directories: Object.fromEntries(folders),
      web: { "bind to": `127.0.0.1:${port}`, "web files owner": "root", "web files group": "root" },
    };
    const text = Object.entries(sections)
      .map(([name, values]) =>
        [`[${name}]`, ...Object.entries(values).map(([key, value]) => `\t${key} = ${value}`), ""].join("\n"),
      )
      .join("\n");
    await writeFile(join(folder, "netdata.conf"), text);
    return program(folder, command, ["-D", "-c", join(folder, "netdata.conf")], `http://127.0.0.1:${port}/`);
  },
};

/** The built page and an API with a simulated machine, a tick each interval. */
const simulated = {
  key: "simulated",
  async start() {
    const clock = { time: Math.floor(Date.now() / INTERVAL_MS) * INTERVAL_MS };
    const server = await serve(HERE("../../static/"), clock);
    const ticks = setInterval(() => {
      clock.time += INTERVAL_MS;
      server.send(frames(clock.time));
    }, INTERVAL_MS);
    return {
      address: server.address,
      close: () => {
        clearInterval(ticks);
        server.close();
      },
    };
  },
};

/** A page with `count` numbers that change every 2 s, and nothing else. */
function numbers(count) {
  const style = "i{float:left;width:90px;height:20px;overflow:hidden}";
  const change = "for(const each of document.querySelectorAll('i'))each.firstChild.data=Math.random()";
  const script = `setInterval(()=>{${change}},2000)`;
  const html = `<!doctype html><style>${style}</style>${"<i>0</i>".repeat(count)}<script>${script}</script>`;
  return `data:text/html,${encodeURIComponent(html)}`;
}

const SERIES = "series=utilization,temperature,memory,power";

/** The pages to measure: `server` starts one, `at` is its address or the end of it, `refresh` is in s. */
export const SUBJECTS = [
  { name: "one number that changes", at: numbers(1), refresh: 2 },
  { name: "40 numbers that change", at: numbers(40), refresh: 2 },
  { name: "Glances", server: glances("glances"), at: "", refresh: 2 },
  { name: "Glances without processes", server: glances("glances-plain", "--disable-process"), at: "", refresh: 2 },
  { name: "NVDashboard", server: nvdashboard, at: "", refresh: 0.2 },
  { name: "netdata", server: netdata, at: "", refresh: 1 },
  { name: "System Monitor, 1 h", server: systemMonitor, at: "#range=1h", refresh: 2 },
  { name: "System Monitor, 5 min", server: systemMonitor, at: "#range=5m", refresh: 2 },
  { name: "the same, 8 GPUs and 128 cores, 1 h", server: simulated, at: `#range=1h&${SERIES}`, refresh: 2 },
  { name: "the same, 8 GPUs and 128 cores, 5 min", server: simulated, at: `#range=5m&${SERIES}`, refresh: 2 },
];

/** Start the servers of the subjects below `folder`, add them to `running`, and report which are missing. */
export async function startServers(folder, running) {
  for (const server of new Set(SUBJECTS.flatMap((each) => each.server ?? []))) {
    const version = server.command && spawnSync(server.command, [server.version ?? "--version"], { encoding: "utf8" });
    if (version?.error) {
      console.log(`Not measured: ${server.key} is not installed. To install it: ${server.get}`);
      continue;
    }
    if (version) console.log(`${server.key}: ${version.stdout.split("\n")[0] || "here"}`);
    const home = join(folder, server.key);
    await mkdir(home, { recursive: true });
    running.set(server, await server.start(home, server.command));
  }
}
