"""The table of all hosts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from api.live.newest import HostState
from deploy.top.findings import STYLES, active
from deploy.top.gpus import is_stale
from deploy.top.lines import Column, Line, Span, Style, header, row, widths
from deploy.top.sorting import Sorting
from deploy.top.text import DASH, degrees, number, percent, share
from telemetry.catalogue import CPU, GPU, MEMORY
from telemetry.samples import Sample
from telemetry.status import CollectorState, CollectorStatus

_COLUMNS = (
    Column("host", 0),
    Column("state", 8),
    Column("GPUs", 5, right=True),
    Column("util", 5, right=True),
    Column("memory", 7, right=True),
    Column("temp", 5, right=True),
    Column("power", 8, right=True),
    Column("CPU", 5, right=True),
    Column("RAM", 5, right=True),
    Column("findings", 9, right=True),
)
SORTING = Sorting(("host", "findings", "util", "memory", "temp", "power", "CPU", "RAM", "GPUs"))


@dataclass(frozen=True, slots=True)
class Host:
    """The values in a host's row of the table.

    An unknown number is None. ``worst`` is the highest severity of the active findings.
    """

    name: str
    state: str
    numbers: dict[str, float | None]
    worst: str | None


def state_of(host: HostState, now: int) -> str:
    """Return ``live``, ``stale`` or ``offline``; ``now`` is in Unix milliseconds."""
    if host.collector_state is CollectorState.OFFLINE:
        return "offline"
    samples = [each for each in host.updates.values() if isinstance(each.content, Sample)]
    fresh = any(not is_stale(each, host, now) for each in samples)
    return "live" if fresh else "stale"


def summary(host: HostState, now: int) -> Host:
    """Return the values in the row of ``host``; stale samples are ignored."""
    gpus = [each for each in host.samples(GPU) if not is_stale(each, host, now)]
    values = [each.values for each in gpus]
    found = active(host)
    machine = {
        family: update.values
        for family in (CPU, MEMORY)
        if (update := host.updates.get(family.channel)) and not is_stale(update, host, now)
    }
    memory = machine.get(MEMORY, {})
    numbers = {
        "GPUs": float(len(gpus)),
        "util": _mean(each.get("utilization") for each in values),
        "memory": _mean(
            share(each.get("memory_used"), each.get("memory_total")) for each in values
        ),
        "temp": max(_known(each.get("temperature") for each in values), default=None),
        "power": _total(each.get("power") for each in values),
        "CPU": number(machine.get(CPU, {}).get("utilization")),
        "RAM": share(memory.get("ram_used"), memory.get("ram_total")),
        "findings": float(len(found)),
    }
    worst = str(found[0].get("severity")) if found else None
    return Host(host.name, state_of(host, now), numbers, worst)


def is_host(host: HostState) -> bool:
    """Return whether ``host`` has or had a collector.

    A host without a collector publishes no samples and no status, but programs on it can still
    publish runs.
    """
    contents = [update.content for update in host.updates.values()]
    return any(isinstance(each, Sample | CollectorStatus) for each in contents)


def host_lines(
    hosts: Sequence[Host], sorting: Sorting, selected: str | None, width: int, height: int
) -> list[Line]:
    """Return the header and as many rows as fit, including the row of the selected host."""
    sizes = widths(_COLUMNS, width, least=12)
    shown = max(1, height - 1)
    names = [each.name for each in hosts]
    index = names.index(selected) if selected in names else 0
    start = max(0, min(index - shown // 2, len(hosts) - shown))
    rows = (
        row(_COLUMNS, sizes, _cells(each, is_selected=each.name == selected))
        for each in hosts[start : start + shown]
    )
    return [header(_COLUMNS, sizes, sorting.title), *rows]


def _cells(host: Host, *, is_selected: bool) -> list[Span]:
    numbers, live = host.numbers, host.state == "live"
    power = numbers["power"]
    texts = {
        "host": Span(host.name, Style.TITLE),
        "state": Span(host.state, Style.GOOD if live else Style.WARNING),
        "GPUs": Span(f"{numbers['GPUs']:.0f}"),
        "temp": Span(degrees(numbers["temp"])),
        "power": Span(DASH if power is None else f"{power:,.0f} W"),
        "findings": Span(
            f"{numbers['findings']:.0f}" if numbers["findings"] else "",
            STYLES.get(host.worst or "", Style.PLAIN),
        ),
    }
    cells = [texts.get(each.title) or Span(percent(numbers[each.title])) for each in _COLUMNS]
    return [Span(each.text, Style.SELECTED) for each in cells] if is_selected else cells


def sorted_hosts(hosts: Iterable[Host], sorting: Sorting) -> list[Host]:
    """Return ``hosts`` in the chosen order; hosts with equal values are ordered by name."""
    by_name = sorted(hosts, key=lambda host: host.name)
    return sorting.sorted(
        by_name, lambda host, title: host.name if title == "host" else host.numbers[title]
    )


def _known(values: Iterable[object]) -> list[float]:
    return [known for value in values if (known := number(value)) is not None]


def _mean(values: Iterable[object]) -> float | None:
    known = _known(values)
    return sum(known) / len(known) if known else None


def _total(values: Iterable[object]) -> float | None:
    known = _known(values)
    return sum(known) if known else None
