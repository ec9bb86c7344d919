// A simulated machine with 8 GPUs and 128 cores, in the API's formats.

export const HOST = "bench";
export const INTERVAL_MS = 2000;
const GPUS = 8;
const CORES = 128;
const STARTED = 1_767_222_000_000;
const GB = 2 ** 30;

const wave = (time, period, shift) => 50 + 49 * Math.sin(time / period + shift);

function gpu(time, id) {
  const utilization = Math.round(wave(time, 90_000, id));
  return {
    utilization,
    memory_used: Math.round(GB * (20 + utilization / 2)),
    memory_total: 80 * GB,
    temperature: 35 + Math.round(utilization / 2),
    power: 70 + 6 * utilization,
    name: "NVIDIA H100 80GB HBM3",
    uuid: `GPU-${id}`,
    memory_utilization: utilization / 2,
    power_limit: 700,
    sm_clock: 1980,
    memory_clock: 2619,
    throttle_reasons: utilization > 95 ? ["sw_power_cap"] : [],
  };
}

/** One training process that holds all of a GPU's memory in use. */
function processes(time, id) {
  return {
    processes: [
      {
        pid: 4000 + id,
        name: "python3",
        command: "python3 train.py",
        user: "ada",
        memory_used: gpu(time, id).memory_used,
        kind: "compute",
        started: STARTED,
        gpu_instance: null,
      },
    ],
    more: 0,
    unresolved: 0,
    note: null,
  };
}

function cpu(time) {
  const per_core = Array.from({ length: CORES }, (_, core) => Math.round(10 * wave(time, 20_000, core)) / 10);
  return {
    utilization: 50,
    per_core,
    frequency: 3100,
    frequency_max: 3700,
    load_average: [60, 50, 40],
    pressure_some: 2,
  };
}

function memory(time) {
  const used = Math.round(GB * (200 + wave(time, 600_000, 0)));
  return {
    ram_used: used,
    ram_total: 512 * GB,
    swap_used: GB,
    swap_total: 8 * GB,
    available: 512 * GB - used,
    pressure_some: 0.2,
    pressure_full: 0,
    cgroup_limit: 256 * GB,
    cgroup_used: used / 2,
  };
}

function rates(time, names, groups, members) {
  const values = Object.fromEntries(names.map((name, index) => [name, wave(time, 30_000, index)]));
  return { ...values, [groups]: Object.fromEntries(members.map((member) => [member, values])) };
}

/** Every sample of a tick: [channel, values]. */
export function tick(time) {
  return [
    ...Array.from({ length: GPUS }, (_, id) => [`system/gpu/${id}`, gpu(time, id)]),
    ["system/cpu", cpu(time)],
    ["system/memory", memory(time)],
    ["system/disk", rates(time, ["read_rate", "write_rate"], "per_device", ["nvme0n1", "nvme1n1"])],
    ["system/network", rates(time, ["upload_rate", "download_rate"], "per_interface", ["eth0", "ib0"])],
  ];
}

/** The message of every channel. The history does not keep the processes. */
export function frames(time) {
  const users = Array.from({ length: GPUS }, (_, id) => [`system/gpu/${id}/processes`, processes(time, id)]);
  return [...tick(time), ...users].map(([channel, values]) =>
    JSON.stringify({ channel, event: "metrics", data: { host: HOST, timestamp: time, ...values } }),
  );
}

const STATUS = { host: HOST, state: "online", version: "0.0.0", started: 0, interval: INTERVAL_MS / 1000, sensors: {} };

export function statusFrame() {
  return JSON.stringify({ channel: "system/status", event: "status", data: STATUS });
}

export function metrics(time) {
  const entry = (values) => ({ host: HOST, timestamp: time, ...values, age_seconds: 0, stale: false });
  const found = tick(time);
  const answer = {
    host: HOST,
    state: "online",
    gpu: found.slice(0, GPUS).map(([, values], id) => ({ ...entry(values), id: String(id) })),
  };
  for (const [channel, values] of found.slice(GPUS)) answer[channel.replace("system/", "")] = entry(values);
  return answer;
}

export const hosts = () => ({ hosts: [STATUS], history_error: null, history_hours: 1, history_days: 7 });

/** The parts of a sample that are fields of the history. */
function fieldsOf(values) {
  const numbers = Object.entries(values).filter(([, value]) => typeof value === "number");
  return [...numbers, ...(values.per_core ?? []).map((value, core) => [`per_core.${core}`, value])];
}

const utilizations = (time) =>
  tick(time).flatMap(([channel, { utilization }]) => (utilization === undefined ? [] : [[channel, { utilization }]]));

/** A full hour before `end`, sample by sample; `isBrief`: only the utilization of the GPUs and the CPU. */
export function history(start, end, newest, isBrief = false) {
  const first = Math.max(start, newest - 3_600_000);
  const times = [];
  for (let time = newest; time >= first; time -= INTERVAL_MS) if (time < end) times.unshift(time);
  const channels = {};
  for (const time of times) {
    for (const [channel, values] of isBrief ? utilizations(time) : tick(time)) {
      const known = (channels[channel] ??= { timestamps: [], fields: {}, bucket_width: null });
      known.timestamps.push(time);
      for (const [name, value] of fieldsOf(values)) {
        known.fields[name] ??= [];
        known.fields[name].push(value);
      }
    }
  }
  return { host: HOST, start, end, channels };
}
