"""The table of a host's GPUs."""

import time
from collections.abc import Iterator, Mapping

from api.live.newest import HostState, Update
from deploy.top.lines import Column, Line, Span, Style, header, row, widths
from deploy.top.series import Series
from deploy.top.text import DASH, degrees, number, of_limit, percent, size_of, sparkline
from telemetry.catalogue import GPU, GPU_MIG, place_of
from telemetry.status import SensorState

_STALE_INTERVALS = 3
_HOT = 5.0  # °C; a GPU this close to its slowdown temperature is shown as a warning
_VERY_WIDE = 110
_REASONS = {
    "applications_clocks_setting": "fixed clocks",
    "clocks_setting": "fixed clocks",
    "hw_power_brake_slowdown": "power brake",
    "hw_slowdown": "hw slowdown",
    "hw_thermal_slowdown": "too hot (hw)",
    "sw_power_cap": "power limit",
    "sw_thermal_slowdown": "too hot",
}
_HARMLESS = {"gpu_idle", "none"}  # an idle GPU lowers its clocks, which is harmless
_COLUMNS = (
    Column("GPU", 4),
    Column("util", 5, right=True),
    Column("", 0),  # the sparkline
    Column("memory", 13, right=True),
    Column("temp", 4, right=True),
    Column("power", 10, right=True),
    Column("slowed by", 12),
)
_NAME = Column("name", 24)


def is_stale(update: Update, host: HostState, now: int) -> bool:
    """Return whether ``update`` is older than three of the collector's intervals.

    The age of a live message is the time since it arrived, because the host's clock may be wrong.
    A retained message may have been published long before it arrived, so its timestamp counts too.
    ``now`` is in Unix milliseconds.
    """
    age = update.age(now) if update.retained else time.monotonic() - update.arrived
    return age > _STALE_INTERVALS * host.interval


def gpu_lines(host: HostState, series: Series, width: int, now: int) -> Iterator[Line]:
    """Yield the table of GPUs, or a line that says why there are no GPUs."""
    updates = host.samples(GPU)
    if not updates:
        yield (Span(f"No GPU: {_reason(host)}", Style.DIM),)
        return
    columns = _COLUMNS if width < _VERY_WIDE else (_COLUMNS[0], _NAME, *_COLUMNS[1:])
    sizes = widths(columns, width)
    yield header(columns, sizes)
    instances = host.samples(GPU_MIG)
    for update in updates:
        cells = _cells(update, series, max(sizes))
        yield _row(columns, sizes, cells, stale=is_stale(update, host, now))
        identity = place_of(update.channel)["id"]
        for each in instances:
            if place_of(each.channel)["id"] == identity and not is_stale(each, host, now):
                yield _row(columns, sizes, _instance(each, place_of(each.channel)), stale=False)


def _row(
    columns: tuple[Column, ...], sizes: list[int], cells: Mapping[str, Span], *, stale: bool
) -> Line:
    found = (cells.get(column.title, Span("")) for column in columns)
    return row(
        columns,
        sizes,
        [Span(text, Style.DIM) if stale else Span(text, style) for text, style in found],
    )


def _cells(update: Update, series: Series, longest: int) -> Mapping[str, Span]:
    values = update.values
    history = series.of(update.host, update.channel, "utilization")
    return {
        "GPU": Span(place_of(update.channel)["id"], Style.TITLE),
        "name": Span(str(values.get("name") or DASH)),
        "util": Span(percent(values.get("utilization"))),
        "": Span(sparkline(history, longest), Style.BAR),
        "memory": Span(size_of(values.get("memory_used"), values.get("memory_total"))),
        "temp": Span(degrees(values.get("temperature")), _heat(values)),
        "power": Span(of_limit(values.get("power"), values.get("power_limit"), "W")),
        "slowed by": Span(", ".join(_slowed_by(values)), Style.WARNING),
    }


def _instance(update: Update, place: Mapping[str, str]) -> Mapping[str, Span]:
    values = update.values
    return {
        "GPU": Span(f" └{place['n']}"),
        "name": Span(str(values.get("name") or DASH)),
        "": Span("MIG instance", Style.DIM),
        "memory": Span(size_of(values.get("memory_used"), values.get("memory_total"))),
    }


def _heat(values: Mapping[str, object]) -> Style:
    margin = number(values.get("temperature_margin"))
    if margin is None or margin > _HOT:
        return Style.PLAIN
    return Style.CRITICAL if margin <= 0 else Style.WARNING


def _slowed_by(values: Mapping[str, object]) -> list[str]:
    reasons = values.get("throttle_reasons")
    named = [str(each) for each in reasons] if isinstance(reasons, list | tuple) else []
    return [_REASONS.get(each, each.replace("_", " ")) for each in named if each not in _HARMLESS]


def _reason(host: HostState) -> str:
    if host.status is None:
        return "the collector has not reported its sensors yet."
    report = host.status.sensors.get("gpu")
    if report is None:
        return "the GPU sensor is disabled."
    if report.state is SensorState.OK:
        return "no samples have arrived yet."
    return report.reason or f"the sensor is {report.state}."
