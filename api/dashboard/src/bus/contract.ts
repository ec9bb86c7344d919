// Generated from the API's response models by `make docs`.

export interface AnnotationEntry {
  /** unique id of the annotation */
  readonly id: string;
  /** Unix time of the annotation (ms) */
  readonly timestamp: number;
  /** host that the event concerns; null if it concerns every host */
  readonly host: string | null;
  /** what happened */
  readonly text: string;
  /** tags to filter by */
  readonly tags: readonly string[];
  /** ID or name of the annotated run */
  readonly run: string | null;
}

export interface AnnotationsResponse {
  /** the annotations in the requested span */
  readonly annotations: readonly AnnotationEntry[];
}

export type CollectorState = "online" | "offline";

export interface ErrorDetail {
  /** identifier of the kind of error, for programs */
  readonly code: string;
  /** the error in one sentence, for people */
  readonly message: string;
}

export interface ErrorResponse {
  /** what is wrong */
  readonly error: ErrorDetail;
}

export interface FindingEntry {
  /** id of the finding, the same from its beginning to its end */
  readonly id: string;
  /** Unix time of the finding's last change (ms) */
  readonly timestamp: number;
  /** name of the host */
  readonly host: string;
  /** kind of the finding */
  readonly kind: string;
  /** what the finding is about, such as a device; `host` stands for the host itself */
  readonly subject: string;
  /** whether the finding is active or over */
  readonly state: "active" | "over";
  /** critical: a run or the machine is failing or about to fail; warning: a run or the machine will fail later, or GPU hours are lost; info: worth knowing */
  readonly severity: "info" | "warning" | "critical";
  /** Unix time at which the finding began (ms) */
  readonly since: number;
  /** the finding in one sentence, with numbers */
  readonly summary: string;
  /** the numbers behind the finding, and the span in which they were measured */
  readonly evidence: FindingEvidence;
  /** expected time of the predicted event; null if the finding predicts no event */
  readonly expected: FindingExpected | null;
  /** what to do about the finding */
  readonly advice: string;
  /** Unix time at which the finding ended (ms); null while the finding is active, or if its end was not reported */
  readonly ended: number | null;
}

export interface FindingEvidence {
  /** Unix time at which the period covered by the numbers began (ms) */
  readonly start: number;
  /** Unix time at which the period covered by the numbers ended (ms) */
  readonly end: number;
  /** the numbers by name, each with its unit */
  readonly numbers: Readonly<Record<string, FindingEvidenceNumbers>>;
}

export interface FindingEvidenceNumbers {
  /** value of the number */
  readonly value: number;
  /** unit of the number */
  readonly unit: string;
}

export interface FindingExpected {
  /** Unix time at which the event is expected at the earliest (ms) */
  readonly earliest: number;
  /** Unix time at which the event is most likely (ms) */
  readonly likely: number;
  /** Unix time by which the event is expected (ms) */
  readonly latest: number;
}

export interface FindingSummary {
  /** kind of the finding */
  readonly kind: string;
  /** what the finding is about, such as a device; `host` stands for the host itself */
  readonly subject: string;
  /** critical: a run or the machine is failing or about to fail; warning: a run or the machine will fail later, or GPU hours are lost; info: worth knowing */
  readonly severity: "info" | "warning" | "critical";
  /** Unix time at which the finding began (ms) */
  readonly since: number;
  /** the finding in one sentence, with numbers */
  readonly summary: string;
}

export interface FindingsResponse {
  /** the findings in the requested span */
  readonly findings: readonly FindingEntry[];
  /** why the history cannot be read; null if it can be read. If it cannot be read, past findings are missing */
  readonly history_error: string | null;
}

export interface GpuSummary {
  /** id of the GPU, as in the channel name */
  readonly id: string;
  /** share of the time during which a kernel ran (%) */
  readonly utilization: number | null;
  /** memory in use, excluding reserved memory (bytes) */
  readonly memory_used: number | null;
  /** installed memory; if memory_kind is unified, the system's memory (bytes) */
  readonly memory_total: number | null;
  /** core temperature (°C) */
  readonly temperature: number | null;
  /** why the clocks are reduced */
  readonly throttle_reasons: readonly string[] | null;
  /** how many processes use the GPU; null if that is not known */
  readonly processes: number | null;
  /** whether the readings are older than three sampling intervals */
  readonly stale: boolean;
}

export interface HistoryChannel {
  /** Unix times, ascending (ms); if the samples are aggregated, the start of each bucket */
  readonly timestamps: readonly number[];
  /** the values of each field, one value per timestamp, in the field's unit; null for a gap. Each item of a list and each value of an object is a field of its own, with a name such as per_core.0 or per_device.sda.read_rate */
  readonly fields: Readonly<Record<string, readonly (number | null)[]>>;
  /** width of a bucket (ms); null if the samples are not aggregated */
  readonly bucket_width: number | null;
  /** Unix time (ms) before which every point is a one-minute bucket; bucket_width describes only the later points. Null if bucket_width describes all points */
  readonly minutes_until: number | null;
}

export interface HistoryResponse {
  /** the host that was sampled */
  readonly host: string;
  /** start of the span in Unix milliseconds, inclusive */
  readonly start: number;
  /** end of the span in Unix milliseconds, exclusive */
  readonly end: number;
  /** the channels with samples in the span, by name */
  readonly channels: Readonly<Record<string, HistoryChannel>>;
}

export interface HostEntry {
  /** the host that was sampled */
  readonly host: string;
  /** whether the host's collector is running; null if it has sent no status */
  readonly state: CollectorState | null;
  /** the collector's version */
  readonly version: string | null;
  /** Unix time at which the collector started (ms) */
  readonly started: number | null;
  /** time between two samples (s) */
  readonly interval: number | null;
  /** Unix time in milliseconds of the newest sample from the bus, or of the newest status if there is no sample; null if the host is known only from the history */
  readonly timestamp: number | null;
  /** the collector's sensors, by name */
  readonly sensors: Readonly<Record<string, SensorResponse>>;
  /** number of messages not yet sent to the broker */
  readonly waiting: number | null;
  /** number of messages that the collector has discarded */
  readonly dropped: number | null;
}

export interface HostOverview {
  /** the host that was sampled */
  readonly host: string;
  /** whether the host's collector is running; null if it has sent no status */
  readonly state: CollectorState | null;
  /** whether all samples of the host are older than three sampling intervals */
  readonly stale: boolean;
  /** mean utilization of all CPU cores (%) */
  readonly cpu: number | null;
  /** share of the RAM that is in use (%) */
  readonly memory: number | null;
  /** the GPUs, sorted by id */
  readonly gpus: readonly GpuSummary[];
  /** the active findings, most severe first */
  readonly findings: readonly FindingSummary[];
}

export interface HostsResponse {
  /** the hosts, sorted by name */
  readonly hosts: readonly HostEntry[];
  /** why the history cannot be read or is not growing; null otherwise. If the history cannot be read, the hosts that are known only from the history are missing */
  readonly history_error: string | null;
  /** how long the history keeps samples (h) */
  readonly history_hours: number;
  /** how long the history keeps one-minute points (days); 0 if it keeps none */
  readonly history_days: number;
}

export interface OverviewResponse {
  /** the hosts from which the server has received a sample or a status, sorted by name */
  readonly hosts: readonly HostOverview[];
}

export interface RunEntry {
  /** id of the run */
  readonly id: string;
  /** Unix time in milliseconds at which the run's state last changed */
  readonly timestamp: number;
  /** name of the host */
  readonly host: string;
  /** name of the run */
  readonly name: string;
  /** tags to filter by */
  readonly tags: readonly string[];
  /** user that the run belongs to */
  readonly user: string | null;
  /** program with its script or module; other arguments are left out, since they may contain secrets */
  readonly command: string | null;
  /** process ID of the run's first process */
  readonly pid: number | null;
  /** identifies the run's first process: a digest of boot ID, process ID and start time */
  readonly process: string | null;
  /** IDs of the GPUs that the run uses */
  readonly gpus: readonly string[];
  /** Unix time at which the run began (ms) */
  readonly started: number;
  /** Unix time at which the run ended, or null while its end is not known (ms) */
  readonly ended: number | null;
  /** exit code; null if it is not known */
  readonly exit_code: number | null;
  /** name of the signal that ended the run */
  readonly signal: string | null;
  /** what reported the run: the collector (automatic), `system-monitor run` (command), or the Python helper (helper) */
  readonly how: "automatic" | "command" | "helper";
  /** the resources that the run used, as far as they are known */
  readonly summary: RunSummary | null;
  /** state of the run: running, ended or lost. A run is lost if its end is not known, and its host is silent or no longer reports the run */
  readonly state: RunState;
}

export type RunState = "running" | "ended" | "lost";

export interface RunSummary {
  /** how long the run has lasted (s) */
  readonly duration?: number | null;
  /** time during which the run used GPUs, summed over the GPUs (h) */
  readonly gpu_hours?: number | null;
  /** mean utilization of the run's GPUs (%) */
  readonly gpu_utilization_mean?: number | null;
  /** the run's peak use of GPU memory (bytes) */
  readonly gpu_memory_peak?: number | null;
  /** the run's peak use of RAM (bytes) */
  readonly ram_peak?: number | null;
  /** CPU time that the run used (s) */
  readonly cpu_seconds?: number | null;
  /** energy used by the run's GPUs (J) */
  readonly energy_joules?: number | null;
  /** share of the time in which the run's GPUs were throttled (%) */
  readonly throttled_share?: number | null;
  /** share of the time in which the run's GPUs were idle (%) */
  readonly idle_held_share?: number | null;
  /** data read from storage (bytes) */
  readonly read_bytes?: number | null;
  /** data written to storage (bytes) */
  readonly written_bytes?: number | null;
  /** names of the values that cover the whole machine or a whole GPU, not only the run's processes */
  readonly whole_machine?: readonly string[];
}

export interface RunsResponse {
  /** the runs */
  readonly runs: readonly RunEntry[];
  /** value of the parameter `end` that selects the next page; null if this is the last page */
  readonly next: number | null;
}

export interface SensorResponse {
  /** state of the sensor */
  readonly state: SensorState;
  /** why the sensor is in this state, in one sentence */
  readonly reason: string | null;
  /** what the sensor reads */
  readonly description: string | null;
  /** duration of the newest reading (ms) */
  readonly duration_ms: number | null;
  /** number of failed readings since the collector started */
  readonly failures: number;
  /** number of readings skipped since the collector started */
  readonly missed_ticks: number;
  /** facts such as the driver version, by name */
  readonly details: Readonly<Record<string, string>>;
}

export type SensorState = "starting" | "ok" | "absent" | "failing" | "hanging";
