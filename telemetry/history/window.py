"""The span of time that the history keeps, which each adapter enforces alike."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from telemetry.history.port import Query
from telemetry.samples import Sample

log = logging.getLogger(__name__)

Clock = Callable[[], int]
"""Returns Unix milliseconds; tests pass one that they move."""

_WARN_EVERY = 60_000


def wall_clock() -> int:
    """Return this machine's time in Unix milliseconds."""
    return time.time_ns() // 1_000_000


class Window:
    """The ``length`` milliseconds before now.

    As far into the future are samples of hosts whose clocks are ahead; what lies beyond would
    outlive its window, and is dropped. ``dropped`` counts the samples that were not kept.
    """

    def __init__(self, length: int, clock: Clock = wall_clock) -> None:
        """Keep ``length`` and the ``clock`` that says when now is."""
        self.length = length
        self.clock = clock
        self.dropped = 0
        self._warned: int | None = None

    @property
    def start(self) -> int:
        """The oldest timestamp that is still inside."""
        return self.clock() - self.length

    @property
    def end(self) -> int:
        """The first timestamp that is too far ahead."""
        return self.clock() + self.length + 1

    def admit(self, samples: Sequence[Sample]) -> list[Sample]:
        """Return the samples that lie inside, and count the others."""
        start, end = self.start, self.end
        inside = [sample for sample in samples if start <= sample.timestamp < end]
        if len(inside) < len(samples):
            self.count_dropped(len(samples) - len(inside))
        return inside

    def count_dropped(self, number: int) -> None:
        """Count samples that were not kept, and warn of it once a minute at most."""
        self.dropped += number
        now = self.clock()
        level = logging.DEBUG
        if self._warned is None or now - self._warned >= _WARN_EVERY:
            self._warned, level = now, logging.WARNING
        log.log(
            level,
            "Samples left out of the history: %d, being older than its window or stamped by a "
            "clock that is wrong.",
            number,
        )

    def clip(self, query: Query) -> Query | None:
        """Return what of ``query`` lies inside, or None where nothing does."""
        start, end = max(query.start, self.start), min(query.end, self.end)
        return replace(query, start=start, end=end) if start < end else None
