"""The time spans for which a history keeps records, in both SQLite and InfluxDB."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from telemetry.clock import unix_milliseconds
from telemetry.events import Event
from telemetry.history.port import EventQuery, Query, Record
from telemetry.log_limit import RateLimitedLog
from telemetry.samples import Sample

log = logging.getLogger(__name__)

Clock = Callable[[], int]
"""Returns the current Unix time in milliseconds. Tests pass their own clock."""

Question = TypeVar("Question", Query, EventQuery)
Kept = TypeVar("Kept", Sample, Event)


@dataclass(frozen=True, slots=True)
class Spans:
    """How long the history keeps samples, events and one-minute points, in milliseconds.

    One-minute points are called minutes. If ``minutes`` is at most ``samples``, the history
    keeps no minutes.
    """

    samples: int
    events: int = 7 * 86_400_000
    minutes: int = 0


class Window:
    """The time span from ``length`` milliseconds before now to ``ahead`` milliseconds after now.

    It extends into the future because hosts' clocks might be ahead. Records that are further ahead
    are dropped, because they would be kept too long.
    """

    def __init__(self, length: int, ahead: int, clock: Clock) -> None:
        """``clock`` returns the current time in Unix milliseconds."""
        self.length = length
        self.clock = clock
        self._ahead = ahead

    @property
    def start(self) -> int:
        """The oldest timestamp inside the window."""
        return self.clock() - self.length

    @property
    def end(self) -> int:
        """The first timestamp after the window."""
        return self.clock() + self._ahead + 1

    def contains(self, timestamp: int) -> bool:
        """Return whether ``timestamp`` is inside the window."""
        now = self.clock()
        return now - self.length <= timestamp <= now + self._ahead

    def admit(self, records: Sequence[Kept]) -> list[Kept]:
        """Return the records inside the window."""
        start, end = self.start, self.end
        return [record for record in records if start <= record.timestamp < end]

    def clip(self, query: Question) -> Question | None:
        """Return ``query`` limited to the window; None if they do not overlap."""
        start, end = max(query.start, self.start), min(query.end, self.end)
        return replace(query, start=start, end=end) if start < end else None


class Windows:
    """The windows of samples, events and minutes; ``minutes`` is None if no minutes are kept.

    ``dropped`` counts the records that were dropped for being outside their window.
    """

    def __init__(self, spans: Spans, clock: Clock = unix_milliseconds) -> None:
        """Create the windows, each of which extends ``spans.samples`` ms into the future."""
        self.samples = Window(spans.samples, spans.samples, clock)
        self.events = Window(spans.events, spans.samples, clock)
        # Minutes that are kept no longer than samples would add no information.
        has_minutes = spans.minutes > spans.samples
        self.minutes = Window(spans.minutes, spans.samples, clock) if has_minutes else None
        self.dropped = 0
        self._log = RateLimitedLog(log)

    @property
    def clock(self) -> Clock:
        """The clock of all windows."""
        return self.samples.clock

    def keeps(self, record: Record) -> bool:
        """Return whether ``record`` is within its retention period."""
        window = self.samples if isinstance(record, Sample) else self.events
        return window.contains(record.timestamp)

    def admit(self, records: Sequence[Record]) -> tuple[list[Sample], list[Event]]:
        """Return the samples and events that are inside their windows."""
        samples = [record for record in records if isinstance(record, Sample)]
        events = [record for record in records if isinstance(record, Event)]
        return self.samples.admit(samples), self.events.admit(events)

    def count_dropped(self, number: int) -> None:
        """Count ``number`` dropped records, and log the total at most once a minute.

        Call this only after the other records have been stored, so that repeating a failed write
        does not count the same records again.
        """
        if number == 0:
            return
        self.dropped += number
        self._log.write(
            "Records outside the history's retention period are discarded: %d so far. They are "
            "too old, or their host's clock is wrong.",
            self.dropped,
        )
