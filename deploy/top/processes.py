"""The table of the processes that use a host's GPUs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from api.live.newest import HostState
from deploy.top.gpus import is_stale
from deploy.top.lines import Column, Line, Span, Style, header, row, widths
from deploy.top.sorting import Sorting
from deploy.top.text import DASH, number, size
from telemetry.catalogue import GPU_PROCESSES, place_of
from telemetry.quantities import duration

_COLUMNS = (
    Column("PID", 8, right=True),
    Column("user", 10),
    Column("GPU", 7),
    Column("memory", 9, right=True),
    Column("time", 11, right=True),
    Column("command", 0),
)
SORTING = Sorting(("memory", "GPU", "PID", "user", "time", "command"))


@dataclass(slots=True)
class Process:
    """A process that uses one or more GPUs.

    ``started`` is in Unix milliseconds. ``memory`` is the sum of the process's memory on its GPUs,
    in bytes.
    """

    pid: int
    user: str | None
    command: str | None
    started: float | None
    gpus: list[int]
    memory: float | None = None


def processes_of(host: HostState, now: int) -> tuple[list[Process], int]:
    """Return the listed processes and the number of unlisted ones.

    For each GPU, the collector lists only the processes that use the most memory. A process
    missing from several of these lists is counted several times. ``now`` is in Unix milliseconds.
    """
    found: dict[int, Process] = {}
    more = 0
    for update in host.samples(GPU_PROCESSES):
        if is_stale(update, host, now):
            continue
        more += int(number(update.values.get("more")) or 0)
        gpu = int(place_of(update.channel)["id"])
        listed = update.values.get("processes")
        for each in listed if isinstance(listed, list | tuple) else ():
            _add(found, each, gpu)
    return list(found.values()), more


def _add(found: dict[int, Process], values: Mapping[str, object], gpu: int) -> None:
    pid = int(number(values.get("pid")) or 0)
    process = found.get(pid)
    if process is None:
        name = values.get("command") or values.get("name")
        user = values.get("user")
        process = found[pid] = Process(
            pid,
            None if user is None else str(user),
            None if name is None else str(name),
            number(values.get("started")),
            [],
        )
    if gpu not in process.gpus:
        process.gpus.append(gpu)
    memory = number(values.get("memory_used"))
    if memory is not None:
        process.memory = (process.memory or 0.0) + memory


def process_lines(host: HostState, sorting: Sorting, width: int, now: int) -> Iterator[Line]:
    """Yield the table of processes; nothing if no process uses a GPU."""
    processes, more = processes_of(host, now)
    if not processes:
        return
    sizes = widths(_COLUMNS, width)
    yield header(_COLUMNS, sizes, sorting.title)
    for each in sorting.sorted(processes, lambda process, title: _value(process, title, now)):
        age = None if each.started is None else (now - each.started) / 1000
        texts = (
            str(each.pid),
            each.user or DASH,
            ",".join(map(str, each.gpus)),
            size(each.memory),
            DASH if age is None else duration(age),
            each.command or DASH,
        )
        yield row(_COLUMNS, sizes, [Span(text) for text in texts])
    if more:
        yield (Span(f"and {more} more with less memory", Style.DIM),)


def _value(process: Process, title: str, now: int) -> object:
    values: dict[str, object] = {
        "memory": process.memory,
        "GPU": ",".join(f"{gpu:04}" for gpu in process.gpus),
        "PID": process.pid,
        "user": process.user,
        "time": None if process.started is None else now - process.started,
        "command": process.command,
    }
    return values[title]
