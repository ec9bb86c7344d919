"""The families of channels that carry states: active findings and runs."""

from telemetry.catalogue.model import ROOT, Family, Field, Kind, Nature, Retention
from telemetry.runs import AUTOMATIC, COMMAND, HELPER

_START, _END = 1_767_222_000_000, 1_767_225_600_000


def _time(name: str, text: str, example: int | None, *, fixed: bool = False) -> Field:
    return Field(name, Kind.INTEGER, "ms", f"Unix time {text}", example, fixed=fixed)


def _total(name: str, unit: str, text: str, example: float) -> Field:
    return Field(name, Kind.NUMBER, unit, text, example)


_EVIDENCE = (
    _time("start", "at which the period covered by the numbers began", _START, fixed=True),
    _time("end", "at which the period covered by the numbers ended", _END, fixed=True),
    Field(
        "numbers",
        Kind.GROUPS,
        "",
        "the numbers by name, each with its unit",
        {"rate": {"value": 118.0, "unit": "MB/min"}},
        fixed=True,
        members=(
            Field("value", Kind.NUMBER, "", "value of the number", 118.0, fixed=True, minimum=None),
            Field("unit", Kind.TEXT, "", "unit of the number", "MB/min", fixed=True),
        ),
    ),
)
_EXPECTED = (
    _time(
        "earliest", "at which the event is expected at the earliest", _END + 2_400_000, fixed=True
    ),
    _time("likely", "at which the event is most likely", _END + 2_800_000, fixed=True),
    _time("latest", "by which the event is expected", _END + 3_300_000, fixed=True),
)

FINDING = Family(
    "finding",
    f"{ROOT}/findings/{{kind}}/{{subject}}",
    "A finding of the advisor, with its evidence. Retained while the finding is active.",
    (
        Field("kind", Kind.TEXT, "", "kind of the finding", "memory_growth", fixed=True),
        Field(
            "subject",
            Kind.TEXT,
            "",
            "what the finding is about, such as a device; `host` stands for the host itself",
            "gpu0",
            fixed=True,
        ),
        Field(
            "state",
            Kind.TEXT,
            "",
            "whether the finding is active or over",
            "active",
            fixed=True,
            choices=("active", "over"),
        ),
        Field(
            "severity",
            Kind.TEXT,
            "",
            "critical: a run or the machine is failing or about to fail; warning: a run or the "
            "machine will fail later, or GPU hours are lost; info: worth knowing",
            "warning",
            fixed=True,
            choices=("info", "warning", "critical"),
            label="severity",
        ),
        _time("since", "at which the finding began", _START, fixed=True),
        Field(
            "summary",
            Kind.TEXT,
            "",
            "the finding in one sentence, with numbers",
            "GPU 0: python3 train.py (PID 4242) grows by 118 MB/min; out of memory in 40 to 55 min",
            fixed=True,
            max_length=1000,
        ),
        Field(
            "evidence",
            Kind.RECORD,
            "",
            "the numbers behind the finding, and the span in which they were measured",
            {
                "start": _START,
                "end": _END,
                "numbers": {"rate": {"value": 118.0, "unit": "MB/min"}},
            },
            fixed=True,
            members=_EVIDENCE,
        ),
        Field(
            "expected",
            Kind.RECORD,
            "",
            "expected time of the predicted event; null if the finding predicts no event",
            {field.name: field.example for field in _EXPECTED},
            members=_EXPECTED,
        ),
        Field(
            "advice",
            Kind.TEXT,
            "",
            "what to do about the finding",
            "Save a checkpoint soon.",
            fixed=True,
            max_length=1000,
        ),
    ),
    nature=Nature.STATE,
    retention=Retention.DAYS,
    labels=("kind", "subject"),
)

_SUMMARY = (
    _total("duration", "s", "how long the run has lasted", 32_400.0),
    _total("gpu_hours", "h", "time during which the run used GPUs, summed over the GPUs", 18.0),
    _total("gpu_utilization_mean", "%", "mean utilization of the run's GPUs", 87.5),
    _total("gpu_memory_peak", "bytes", "the run's peak use of GPU memory", 17_179_869_184.0),
    _total("ram_peak", "bytes", "the run's peak use of RAM", 12_884_901_888.0),
    _total("cpu_seconds", "s", "CPU time that the run used", 64_800.0),
    _total("energy_joules", "J", "energy used by the run's GPUs", 9_720_000.0),
    _total("throttled_share", "%", "share of the time in which the run's GPUs were throttled", 2.5),
    _total("idle_held_share", "%", "share of the time in which the run's GPUs were idle", 4.0),
    _total("read_bytes", "bytes", "data read from storage", 5_000_000_000.0),
    _total("written_bytes", "bytes", "data written to storage", 800_000_000.0),
    Field(
        "whole_machine",
        Kind.TEXTS,
        "",
        "names of the values that cover the whole machine or a whole GPU, not only the run's "
        "processes",
        ["throttled_share"],
        max_length=16,
    ),
)

RUN = Family(
    "run",
    f"{ROOT}/runs/{{run}}",
    "A run with the ID {run}. A run can be a process that uses GPU memory, a command that was"
    " started with `system-monitor run`, or a `with run():` block of Python code. Retained until"
    " the run ends.",
    (
        Field("name", Kind.TEXT, "", "name of the run", "ablation-7", fixed=True, label="name"),
        Field("tags", Kind.TEXTS, "", "tags to filter by", ["nightly"], max_length=16),
        Field("user", Kind.TEXT, "", "user that the run belongs to", "ada", label="user"),
        Field(
            "command",
            Kind.TEXT,
            "",
            "program with its script or module; other arguments are left out, since they may"
            " contain secrets",
            "python3 train.py",
        ),
        Field("pid", Kind.INTEGER, "", "process ID of the run's first process", 41_213),
        Field(
            "process",
            Kind.TEXT,
            "",
            "identifies the run's first process: a digest of boot ID, process ID and start time",
            "9c1e0d5b7a2f4368",
        ),
        Field(
            "gpus", Kind.TEXTS, "", "IDs of the GPUs that the run uses", ["0", "1"], max_length=64
        ),
        _time("started", "at which the run began", _START, fixed=True),
        _time("ended", "at which the run ended, or null while its end is not known", None),
        Field(
            "exit_code", Kind.INTEGER, "", "exit code; null if it is not known", None, minimum=None
        ),
        Field("signal", Kind.TEXT, "", "name of the signal that ended the run", None),
        Field(
            "how",
            Kind.TEXT,
            "",
            "what reported the run: the collector (automatic), `system-monitor run` (command), "
            "or the Python helper (helper)",
            "automatic",
            fixed=True,
            choices=(AUTOMATIC, COMMAND, HELPER),
        ),
        Field(
            "summary",
            Kind.RECORD,
            "",
            "the resources that the run used, as far as they are known",
            {field.name: field.example for field in _SUMMARY},
            members=_SUMMARY,
        ),
    ),
    nature=Nature.STATE,
    retention=Retention.DAYS,
    labels=("run",),
)
