"""Builds the report of a run from its data in the history. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from api.reports.content import Chart, Notice, Report, Series, Throttling
from api.runs.run import Run
from telemetry.catalogue import CPU, DISK, MEMORY, NETWORK, gpu_channel
from telemetry.events import Event
from telemetry.history.port import Columns

MEAN_FIELDS = (
    *("utilization", "temperature", "power", "throttle_shares"),
    *("read_rate", "write_rate", "upload_rate", "download_rate"),
)
PEAK_FIELDS = ("memory_used", "memory_total", "ram_used", "ram_total")

_GIBI = 1024**3  # nvidia-smi and free use binary units too: a card sold with 24 GB has 24 GiB
_SHARES = "throttle_shares."
_HARMLESS = {"gpu_idle", "none"}
_LEAST_SHARE = 1.0  # percent
_GPU_SUBJECT = re.compile(r"gpu(?P<gpu>[0-9]+)")

Answer = Mapping[str, Columns]
"""An answer from the history: the columns of each channel."""


@dataclass(frozen=True, slots=True)
class Material:
    """The data from the history: annotations, findings, and the samples' means and peaks."""

    means: Answer
    peaks: Answer
    annotations: Sequence[Event]
    findings: Sequence[Event]


def channels_of(run: Run) -> tuple[str, ...]:
    """Return the channels that the report of ``run`` covers."""
    gpus = [gpu_channel(int(gpu)) for gpu in run.values["gpus"] or () if gpu.isdecimal()]
    return *gpus, CPU.channel, MEMORY.channel, DISK.channel, NETWORK.channel


def build(run: Run, start: int, end: int, material: Material) -> Report:
    """Return the report of ``run`` for the time from ``start`` to ``end`` (exclusive)."""
    charts = [*_gpu_charts(run, material), *_machine_charts(material)]
    return Report(
        run,
        start,
        end,
        [chart for chart in charts if chart.series],
        [
            each
            for each in material.annotations
            if start <= each.timestamp < end and _is_of(run, each)
        ],
        _notices(run, start, material.findings),
        _throttling(run, material.means),
    )


def _gpu_charts(run: Run, material: Material) -> Iterable[Chart]:
    means, peaks = material.means, material.peaks
    yield Chart("GPU utilization", "%", _of_gpus(run, means, "utilization"), 100)
    totals = _of_gpus(run, peaks, "memory_total", 1 / _GIBI)
    memory = _of_gpus(run, peaks, "memory_used", 1 / _GIBI)
    yield Chart("GPU memory, highest", "GiB", memory, _highest(totals))
    yield Chart("GPU temperature", "°C", _of_gpus(run, means, "temperature"))
    yield Chart("GPU power", "W", _of_gpus(run, means, "power"))


def _machine_charts(material: Material) -> Iterable[Chart]:
    means, peaks = material.means, material.peaks
    yield Chart("CPU utilization", "%", _series(means, CPU.channel, utilization="CPU"), 100)
    total = _series(peaks, MEMORY.channel, 1 / _GIBI, ram_total="RAM")
    ram = _series(peaks, MEMORY.channel, 1 / _GIBI, ram_used="RAM")
    yield Chart("Machine RAM, highest", "GiB", ram, _highest(total))
    disk = _series(means, DISK.channel, read_rate="read", write_rate="written")
    yield Chart("Disks", "MB/s", disk)
    network = _series(means, NETWORK.channel, download_rate="received", upload_rate="sent")
    yield Chart("Network", "MB/s", network)


def _of_gpus(run: Run, answer: Answer, field: str, factor: float = 1.0) -> list[Series]:
    return [
        each
        for gpu in run.values["gpus"] or ()
        if gpu.isdecimal()
        for each in _series(answer, gpu_channel(int(gpu)), factor, **{field: f"GPU {gpu}"})
    ]


def _series(answer: Answer, channel: str, factor: float = 1.0, **names: str) -> list[Series]:
    """Return a series for each field that has values; ``names`` maps the fields to their labels."""
    columns = answer.get(channel)
    if columns is None:
        return []
    found = []
    for field, name in names.items():
        values = columns.fields.get(field, [])
        if any(value is not None for value in values):
            scaled = [None if value is None else value * factor for value in values]
            found.append(Series(name, columns.timestamps, scaled))
    return found


def _highest(series: Iterable[Series]) -> float | None:
    values = (value for each in series for value in each.values if value is not None)
    return max(values, default=None)


def _is_of(run: Run, event: Event) -> bool:
    """Return whether an annotation names ``run`` or no run at all."""
    return event.values["run"] in (None, run.key.id, run.values["name"])


def _notices(run: Run, start: int, events: Iterable[Event]) -> list[Notice]:
    """Return the findings that were active during ``run`` and might concern it.

    A finding's values come from the last event that reports it as active, or from its end if the
    history has nothing else.
    """
    newest: dict[tuple[str, object], Event] = {}
    ends: dict[tuple[str, object], int] = {}
    for event in sorted(events, key=lambda event: event.timestamp):
        key = event.channel, event.values["since"]
        if event.is_end:
            ends[key] = event.timestamp
            newest.setdefault(key, event)
        else:
            newest[key] = event
    found = [_notice(event, ends.get(key)) for key, event in newest.items()]
    return sorted(
        (
            each
            for each in found
            if (each.until is None or each.until >= start) and _concerns(run, each)
        ),
        key=lambda each: each.since,
    )


def _notice(event: Event, until: int | None) -> Notice:
    values = event.values
    since = values["since"]
    return Notice(
        str(values["kind"]),
        str(values["subject"]),
        str(values["severity"]),
        since if isinstance(since, int) else event.timestamp,
        until,
        str(values["summary"]),
        str(values["advice"]),
    )


def _concerns(run: Run, notice: Notice) -> bool:
    """Return whether ``notice``, a finding, might concern ``run``.

    A finding about a GPU concerns only runs that used that GPU and runs that list no GPUs.
    """
    match, gpus = _GPU_SUBJECT.match(notice.subject), run.values["gpus"]
    return match is None or not gpus or match["gpu"] in gpus


def _throttling(run: Run, means: Answer) -> list[Throttling]:
    found = []
    for gpu in run.values["gpus"] or ():
        columns = means.get(f"system/gpu/{gpu}")
        for name, values in ({} if columns is None else columns.fields).items():
            reason = name.removeprefix(_SHARES)
            known = [value for value in values if value is not None]
            if name.startswith(_SHARES) and reason not in _HARMLESS and known:
                found.append(Throttling(gpu, reason, fmean(known)))
    found = [each for each in found if each.share >= _LEAST_SHARE]
    return sorted(found, key=lambda each: (each.gpu, -each.share))
