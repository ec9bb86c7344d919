"""The lines about a host's CPU, memory, disks and network."""

from collections.abc import Iterator, Mapping

from api.live.newest import HostState, Update
from deploy.top.gpus import is_stale
from deploy.top.lines import Line, Span, Style
from deploy.top.series import Series
from deploy.top.text import bar, fit, number, percent, rate, share, size_of, sparkline
from telemetry.catalogue import CPU, DISK, MEMORY, NETWORK, Family

_LABEL, _VALUE, _MORE = 6, 27, 28


def machine_lines(host: HostState, series: Series, width: int, now: int) -> Iterator[Line]:
    """Yield one line each for CPU, memory, disk and network, and lines of bars for the cores."""
    for family, describe in _DESCRIBED.items():
        update = host.updates.get(family.channel)
        if update is None:
            continue
        value, more = describe(update.values)
        name, top = _SERIES[family]
        length = width - _LABEL - _VALUE - _MORE - 1
        history = sparkline(series.of(host.name, family.channel, name), length, top)
        style = Style.DIM if is_stale(update, host, now) else Style.PLAIN
        yield (
            Span(fit(_LABELS[family], _LABEL), Style.DIM),
            Span(fit(value, _VALUE), style),
            Span(history, Style.DIM if style is Style.DIM else Style.BAR),
            Span(f" {fit(more, _MORE).rstrip()}", style),
        )
        if family is CPU:
            yield from _cores(update, width)


def _cores(update: Update, width: int) -> Iterator[Line]:
    """Yield lines with one bar for each core."""
    cores = update.values.get("per_core")
    bars = "".join(bar(number(each)) for each in cores) if isinstance(cores, list | tuple) else ""
    length = max(1, width - _LABEL)
    for start in range(0, len(bars), length):
        label = fit("cores" if start == 0 else "", _LABEL)
        yield Span(label, Style.DIM), Span(bars[start : start + length], Style.BAR)


def _cpu(values: Mapping[str, object]) -> tuple[str, str]:
    load = values.get("load_average")
    loads = " ".join(f"{each:.2f}" for each in load) if isinstance(load, list | tuple) else ""
    clock = number(values.get("frequency"))
    frequency = "" if clock is None else f"  {clock / 1000:.2f} GHz"
    return f"{percent(values.get('utilization'))}{frequency}", f"load {loads}" if loads else ""


def _memory(values: Mapping[str, object]) -> tuple[str, str]:
    used, total = values.get("ram_used"), values.get("ram_total")
    swap = size_of(values.get("swap_used"), values.get("swap_total"))
    pressure = percent(values.get("pressure_some"))
    text = f"{percent(share(used, total)):>4}  {size_of(used, total)}"
    return text, f"swap {swap}, pressure {pressure}"


def _disk(values: Mapping[str, object]) -> tuple[str, str]:
    return _rates(values, ("read", "read_rate"), ("write", "write_rate"), "per_device")


def _network(values: Mapping[str, object]) -> tuple[str, str]:
    names = ("up", "upload_rate"), ("down", "download_rate")
    return _rates(values, *names, "per_interface")


def _rates(
    values: Mapping[str, object], one: tuple[str, str], other: tuple[str, str], devices: str
) -> tuple[str, str]:
    texts = [f"{label} {rate(values.get(name))}" for label, name in (one, other)]
    return f"{', '.join(texts)} MB/s", _busiest(values.get(devices))


def _busiest(devices: object) -> str:
    """Return the number of devices and the busiest one; empty if there are fewer than two."""
    if not isinstance(devices, Mapping) or len(devices) < 2:  # noqa: PLR2004 - several
        return ""

    def total(name: str) -> float:
        return sum(number(each) or 0.0 for each in dict(devices[name]).values())

    name = max(devices, key=total)
    return f"{len(devices)} devices, top: {name}" if total(name) > 0 else f"{len(devices)} devices"


_DESCRIBED = {CPU: _cpu, MEMORY: _memory, DISK: _disk, NETWORK: _network}
_LABELS = {CPU: "CPU", MEMORY: "RAM", DISK: "disk", NETWORK: "net"}
_SERIES: Mapping[Family, tuple[str, float | None]] = {
    CPU: ("utilization", 100.0),
    MEMORY: ("used", 100.0),
    DISK: ("total", None),
    NETWORK: ("total", None),
}
