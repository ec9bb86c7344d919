"""A history, the advisors that read it one after another, and what they receive."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from typing_extensions import TypeIs

from advisor.active import ActiveFindings, Change
from advisor.detectors import registry
from advisor.past import Past
from advisor.watch import SETTLE_SECONDS, Content, Watch
from telemetry.bus.topics import TopicScheme
from telemetry.decoding import decode, resolve
from telemetry.events import Event
from telemetry.history.sqlite import SqliteReader, SqliteWriter
from telemetry.history.window import Spans
from telemetry.limits import Limits
from telemetry.samples import Sample
from tests.advisor.series import GB, HOURS, START, every
from tests.fakes.monotonic import SettableClock

SPANS = Spans(3_600_000, minutes=7 * 86_400_000)
LEAK, IDLE = "system/findings/memory_growth/gpu0", "system/findings/idle_gpu/gpu0"
Samples = Iterable[Sample]
AnyContent = TypeVar("AnyContent", Sample, Content)
Memory = Callable[[float], float]


def leaking(time: float) -> float:
    """Return 40 GB, and from the first hour on 5 GB more in each."""
    return 40 * GB + max(0.0, time - HOURS) / HOURS * 5 * GB


def gpu(memory: Memory, until: float, begin: float = 0.0, utilization: float = 90.0) -> Samples:
    def values(time: float) -> dict[str, Any]:
        used = float(int(memory(time)))
        return {"utilization": utilization, "memory_used": used, "memory_total": 80.0 * GB}

    return every("system/gpu/0", values, until=until, begin=begin, host="alpha")


def processes(memory: Memory, until: float, begin: float, other: int = 0) -> Samples:
    """Yield a process with ``memory``, less that of the ``other`` one."""

    def values(time: float) -> dict[str, Any]:
        held = {4242: int(memory(time)) - other, 17: other}
        one = {"started": START}
        return {
            "processes": [{**one, "pid": pid, "memory_used": each} for pid, each in held.items()]
        }

    return every("system/gpu/0/processes", values, until=until, begin=begin, host="alpha")


class House:
    """A history, the advisors that read it one after another, and what the broker retains."""

    def __init__(self, file: Path) -> None:
        self.now = START
        self.writer = SqliteWriter(file, SPANS, lambda: self.now)
        self.reader = SqliteReader(file, SPANS, lambda: self.now)
        self.retained: dict[str, Event] = {}
        self.events: list[Event] = []  # as published
        self.taken: set[str] = set()  # ids
        self.clock = SettableClock()
        self.writer.open()
        self.start()

    def start(self) -> None:
        """Start an advisor, in place of the previous one."""
        active = ActiveFindings(shared_topics=False)
        past = Past(self.reader, SPANS, lambda: self.now)
        self.watch = Watch(registry.build, past, active, Limits(), self.clock)
        for event in self.retained.values():
            self._publish(self.watch.adopt(event))

    def settle(self, *, connected: bool = True) -> None:
        """Let the advisor do all that is due after a while."""
        for _ in range(4):
            self._publish(self.watch.turn(connected=connected))
            self.clock.now += SETTLE_SECONDS

    def store(self, samples: Samples) -> None:
        """Let time pass with these samples in the history, while no advisor runs."""
        for some in _parts(samples):
            self._write(some)

    def feed(self, samples: Iterable[Content]) -> None:
        """Let time pass while an advisor runs."""
        for some in _parts(samples):
            self._write([each for each in some if _is_stored(each)])
            self._publish(change for each in some for change in self.watch.feed(each))

    def _write(self, samples: Sequence[Sample]) -> None:
        self.now = max([self.now, *(sample.timestamp + 1 for sample in samples)])
        self.writer.write(samples)
        while self.writer.roll_up():
            pass

    def restart(self, live: Samples) -> None:
        """Start an advisor that first receives ``live``."""
        self.start()
        self._publish(change for each in live for change in self.watch.feed(each))
        self.settle()

    def take(self) -> list[tuple[str, str]]:
        """Return the channels and states of the changes that were published since the last call."""
        taken = {(each.host, each.id): each for each in self.events if each.id not in self.taken}
        self.events.clear()
        self.taken |= {each.id for each in taken.values()}
        return [(each.channel, str(each.values["state"])) for each in taken.values()]

    def _publish(self, changes: Iterable[Change]) -> None:
        for change in changes:
            if not change.payload:
                del self.retained[change.channel]
                continue
            content = decode(resolve(TopicScheme(), change.channel), change.payload, arrived=1)
            assert isinstance(content, Event)
            self.events.append(content)
            self.writer.write([content])
            if change.retain:
                self.retained[change.channel] = content


def _is_stored(content: Content) -> TypeIs[Sample]:
    return isinstance(content, Sample) and not content.channel.endswith("processes")


def _parts(samples: Iterable[AnyContent]) -> Iterator[Sequence[AnyContent]]:
    """Yield ``samples`` in parts of less than an hour."""
    all_of_them = list(samples)
    for start in range(0, len(all_of_them), 300):
        yield all_of_them[start : start + 300]
