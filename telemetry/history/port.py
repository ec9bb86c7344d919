"""What a history store does, whichever database holds it.

It keeps samples for a window at full rate, and events for days. The ingester sees only
``HistoryWriter``, the api only ``HistoryReader``. Both halves are inert until ``open``. The
conformance suite in ``tests/telemetry/history`` runs over each adapter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from telemetry.events import Event
from telemetry.samples import Sample

Record: TypeAlias = Sample | Event
"""What a history stores."""


class Aggregate(StrEnum):
    """How several samples become one point."""

    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Query:
    """A question to the history.

    ``channels`` are concrete channel names. ``start`` (inclusive) and ``end`` (exclusive) are Unix
    milliseconds. At most ``max_points`` timestamps a channel come back: more samples than that are
    aggregated, in the store, over buckets of equal width counted from ``start``.
    """

    host: str
    channels: tuple[str, ...]
    start: int
    end: int
    max_points: int = 360
    aggregate: Aggregate = Aggregate.MEAN


@dataclass(frozen=True, slots=True)
class Columns:
    """One channel's answer: ``timestamps`` ascending, and for each field as many values.

    ``bucket_width`` is the width of a bucket in milliseconds, or None where the samples are as
    they were taken. A bucket's timestamp is its start. An outage shows as one timestamp at which
    every field is None.
    """

    timestamps: list[int]
    fields: dict[str, list[float | None]]
    bucket_width: int | None = None


@dataclass(frozen=True, slots=True)
class EventQuery:
    """A question to the history for the events on one ``channel``.

    ``start`` (inclusive) and ``end`` (exclusive) are Unix milliseconds. With ``host`` come the
    events of that host and those that concern no particular host. If there are more than ``limit``,
    the newest come.
    """

    channel: str
    start: int
    end: int
    host: str | None = None
    limit: int = 1000


class HistoryWriter(Protocol):
    """The writing half. ``open`` may be called again until it succeeds."""

    @property
    def dropped(self) -> int:
        """How many records were not kept because they lie outside their retention."""

    def open(self) -> None:
        """Connect, and create what is missing. Raises HistoryUnavailableError."""

    def write(self, records: Sequence[Record]) -> None:
        """Store ``records`` durably, all or none; those outside their retention are dropped.

        The values of a sample that is there already are overwritten, each that is not null. An
        event whose id and timestamp are there already is stored once.
        Raises HistoryUnavailableError (try again) or HistoryRejectedError (do not).
        """

    def close(self) -> None:
        """Release the connection. Safe to call twice, and before ``open``."""


class HistoryReader(Protocol):
    """The reading half. Its methods may be called from several threads at once."""

    def open(self) -> None:
        """Get ready to answer. Does not fail where the store is not there yet."""

    def ping(self) -> None:
        """Return if the store answers. Raises HistoryUnavailableError, saying why."""

    def notes(self) -> Sequence[str]:
        """Return sentences that somebody should know although the store answers."""

    def channels(self) -> Mapping[str, Sequence[str]]:
        """Return the channels with samples in the window, sorted, by host."""

    def read(self, query: Query) -> dict[str, Columns]:
        """Answer ``query``, one entry for each channel that has samples in it.

        Never returns a sample older than the window. Raises HistoryUnavailableError.
        """

    def events(self, query: EventQuery) -> list[Event]:
        """Return the events that ``query`` asks for, by ascending timestamp and id.

        Never returns an event older than its retention. Raises HistoryUnavailableError.
        """

    def close(self) -> None:
        """Release the connection. Safe to call twice, and before ``open``."""
