"""The interface of a history store, the same for each database.

A store keeps samples at full rate for a short time (the window), and events for days. It also keeps
each field's mean, minimum and maximum per minute, for days. Such a one-minute summary is called a
minute. The store keeps minutes only if their retention is longer than that of the samples.

The ingester uses only ``HistoryWriter``; the API and the advisor use only ``HistoryReader``. A
writer or reader does no I/O before ``open`` is called. The conformance suite in
``tests/telemetry/history`` runs against each store.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from telemetry.catalogue import Family
from telemetry.events import Event
from telemetry.samples import Sample

Record: TypeAlias = Sample | Event
"""A record that a history can store."""


class Aggregate(StrEnum):
    """How the samples of a bucket are combined into one point."""

    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Query:
    """A query for samples.

    ``channels`` are names of channels, without wildcards. ``start`` (inclusive) and ``end``
    (exclusive) are Unix milliseconds. The answer has at most ``max_points`` timestamps per channel.
    If there are more samples, the store aggregates them over buckets of equal width; the first
    bucket begins at ``start``.

    If the store keeps minutes, and ``start`` is more than a minute before the window, the answer
    consists of minutes before the window and samples in it. If ``max_points`` is too
    small for the minutes of the whole span, the store instead aggregates the minutes over buckets
    of at least a minute. The store does not keep the last value of a minute: for LAST, it uses the
    minute's mean.

    If ``fields`` is empty, the answer has all columns. Otherwise, it has only the columns of these
    fields of the catalogue, and may lack timestamps at which none of these columns has a value.
    """

    host: str
    channels: tuple[str, ...]
    start: int
    end: int
    max_points: int = 360
    aggregate: Aggregate = Aggregate.MEAN
    fields: tuple[str, ...] = ()

    def selects(self, column: str) -> bool:
        """Return whether the answer includes ``column``, for example ``per_core.0``."""
        return not self.fields or column.partition(".")[0] in self.fields


@dataclass(frozen=True, slots=True)
class Columns:
    """The answer for one channel: ascending ``timestamps``, and one value per timestamp and field.

    ``bucket_width`` is the width of a bucket in milliseconds, or None if the samples are not
    aggregated. A bucket's timestamp is its start. An outage appears as one timestamp at which every
    field is None. If ``minutes_until`` is set, the points before that time are minutes, and
    ``bucket_width`` applies only to the later points.
    """

    timestamps: list[int]
    fields: dict[str, list[float | None]]
    bucket_width: int | None = None
    minutes_until: int | None = None


@dataclass(frozen=True, slots=True)
class EventQuery:
    """A query for the stored events, or the stored states, of a ``family``.

    ``start`` (inclusive) and ``end`` (exclusive) are Unix milliseconds. If ``channel`` is given,
    the answer has only the events of that channel. If ``host`` is given, the answer has only the
    events of that host and those without a host. If ``run`` is given, the answer has only the
    events whose field ``run`` has this value. The answer has at most the newest
    ``limit`` events.
    """

    family: Family
    start: int
    end: int
    host: str | None = None
    limit: int = 1000
    channel: str | None = None
    run: str | None = None


class HistoryWriter(Protocol):
    """The write side of a history store. If ``open`` fails, it may be called again."""

    @property
    def dropped(self) -> int:
        """The number of records dropped because they were outside their retention."""

    @property
    def evicted(self) -> int:
        """The number of stored records that were deleted early because the store was full."""

    def keeps(self, record: Record) -> bool:
        """Return whether ``record`` is within its retention period.

        This method does no I/O and is thread-safe.
        """

    def open(self) -> None:
        """Connect to the store; create it if it is missing. Raises HistoryUnavailableError."""

    def write(self, records: Sequence[Record]) -> None:
        """Store ``records``, except those that are outside their retention period.

        If this method raises an error, some records may already be stored. Writing all
        records again is harmless.

        If a sample is already stored, the new sample's non-null values overwrite the stored
        values. If an event with the same channel, host and id is already stored, the new event's
        values replace the stored ones. There is one exception: a store is allowed to ignore a
        new event with a later timestamp than the stored event.

        Raises HistoryUnavailableError if another attempt might succeed, otherwise
        HistoryRejectedError.
        """

    def roll_up(self) -> bool:
        """Compute minutes whose samples have changed; return whether more minutes may be due.

        Each call computes a limited number of minutes, the oldest first, and takes about a second
        at most. A minute that has not ended is not due. The store itself records which minutes are
        due, so another process can continue the work. Computing a minute twice does no harm. Does
        nothing if the store keeps no minutes. Raises HistoryUnavailableError or
        HistoryRejectedError.
        """

    def close(self) -> None:
        """Release the connection. Safe to call twice, and before ``open``."""


class HistoryReader(Protocol):
    """The read side of a history store. Its methods are thread-safe."""

    def open(self) -> None:
        """Prepare to answer queries, even if the store does not exist yet."""

    def ping(self) -> None:
        """Check that the store responds. Raises HistoryUnavailableError with the reason."""

    def notes(self) -> Sequence[str]:
        """Return notes for the operator, for example about a corrupt file that was renamed."""

    def hosts(self, start: int | None = None) -> Sequence[str]:
        """Return the hosts that have samples or minutes, sorted.

        Minutes count only from ``start`` on, and not at all if ``start`` is None.
        """

    def channels(self, host: str, start: int | None = None) -> Sequence[str]:
        """Return the sorted channels of ``host`` that have samples or minutes.

        ``start`` has the same meaning as in ``hosts``. The time that this method takes does
        not depend on the number of other hosts.
        """

    def read(self, query: Query) -> dict[str, Columns]:
        """Return the answer to ``query``: an entry for each channel that has points in the span.

        Never returns a sample or one-minute point that is older than its retention. Raises
        HistoryUnavailableError.
        """

    def events(self, query: EventQuery) -> list[Event]:
        """Return the events that ``query`` selects, ordered by timestamp and id.

        Never returns an event that is older than its retention. Raises HistoryUnavailableError.
        """

    def close(self) -> None:
        """Release the connection. Safe to call twice, and before ``open``."""
