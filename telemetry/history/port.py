"""The interface of a history store, the same for each database.

A store keeps samples for a window at full rate, and events for days. For days it also keeps
minutes: the mean, minimum and maximum of each channel's samples in each minute. The ingester uses
only ``HistoryWriter``, the api only ``HistoryReader``. Neither of them does any I/O before
``open``. The conformance suite in ``tests/telemetry/history`` runs with each adapter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from telemetry.catalogue import Family
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
    """A query for samples.

    ``channels`` are concrete channel names. ``start`` (inclusive) and ``end`` (exclusive) are Unix
    milliseconds. The answer has at most ``max_points`` timestamps per channel: if there are more
    samples, the store aggregates them over buckets of equal width, the first at ``start``.

    If ``start`` is more than a minute before the window, the answer begins with minutes; inside the
    window, it continues with samples. If ``max_points`` is too small for the minutes of the whole
    span, the whole span is aggregated over buckets of a minute or more, as the mean, minimum or
    maximum of their minutes. The store does not keep a minute's last value: LAST is the mean there.

    With ``fields``, which are names from the catalogue, the answer has only the columns of these
    fields. The answer may lack timestamps at which none of these columns has a value.
    """

    host: str
    channels: tuple[str, ...]
    start: int
    end: int
    max_points: int = 360
    aggregate: Aggregate = Aggregate.MEAN
    fields: tuple[str, ...] = ()

    def selects(self, column: str) -> bool:
        """Return whether the answer has ``column``, such as ``per_core.0``."""
        return not self.fields or column.partition(".")[0] in self.fields


@dataclass(frozen=True, slots=True)
class Columns:
    """The answer for one channel: ascending ``timestamps``, and one value per timestamp and field.

    ``bucket_width`` is the width of a bucket in milliseconds, or None if the samples are not
    aggregated. A bucket's timestamp is its start. An outage appears as one timestamp at which every
    field is None. Points before ``minutes_until`` are minutes, and ``bucket_width`` is the width of
    the others; None if all points have the same width.
    """

    timestamps: list[int]
    fields: dict[str, list[float | None]]
    bucket_width: int | None = None
    minutes_until: int | None = None


@dataclass(frozen=True, slots=True)
class EventQuery:
    """A query for the events of a ``family``, which may be a family of states.

    With ``channel``, the answer has only the events of that channel. ``start`` (inclusive) and
    ``end`` (exclusive) are Unix milliseconds. With ``host``, the answer has the events of that host
    and those without a host. With ``run``, it has the events whose field ``run`` is this text. If
    there are more than ``limit`` events, the answer has the newest ones.
    """

    family: Family
    start: int
    end: int
    host: str | None = None
    limit: int = 1000
    channel: str | None = None
    run: str | None = None


class HistoryWriter(Protocol):
    """The writing half. ``open`` may be called again until it succeeds."""

    @property
    def dropped(self) -> int:
        """The number of records that were dropped because they are outside their retention."""

    @property
    def evicted(self) -> int:
        """The number of stored records that were deleted early, because the store was full."""

    def keeps(self, record: Record) -> bool:
        """Return whether ``record`` is within its retention period. Does no I/O; thread-safe."""

    def open(self) -> None:
        """Connect, and create what is missing. Raises HistoryUnavailableError."""

    def write(self, records: Sequence[Record]) -> None:
        """Store all ``records`` durably; drop those outside their retention.

        If it raises, some may be stored; to write all of them again is harmless.

        If a sample is already stored, its new non-null values overwrite the old ones. If an event
        with the same channel, host and id is stored, the new values replace its values, unless the
        new event has a later timestamp, in which case it may be ignored. Raises
        HistoryUnavailableError if trying again may help, otherwise HistoryRejectedError.
        """

    def roll_up(self) -> bool:
        """Compute minutes whose samples have changed; return whether more are due.

        Each call computes a limited number, the oldest first, in at most a second or so. Minutes
        that have not ended are not due. The store itself records which minutes are due, so that
        another process, or a later one, continues; computing a minute twice changes nothing. Does
        nothing if no minutes are kept. Raises HistoryUnavailableError or HistoryRejectedError.
        """

    def close(self) -> None:
        """Release the connection. Safe to call twice, and before ``open``."""


class HistoryReader(Protocol):
    """The reading half. Its methods are thread-safe."""

    def open(self) -> None:
        """Prepare to answer queries. Succeeds even if the store does not exist yet."""

    def ping(self) -> None:
        """Check that the store answers. Raises HistoryUnavailableError with the reason."""

    def notes(self) -> Sequence[str]:
        """Return notes for the operator, for example on a corrupt file that was renamed."""

    def hosts(self, start: int | None = None) -> Sequence[str]:
        """Return the sorted hosts that have samples in the window, or minutes since ``start``."""

    def channels(self, host: str, start: int | None = None) -> Sequence[str]:
        """Return the sorted channels of ``host`` with samples, or minutes since ``start``.

        The time that this takes does not depend on the number of other hosts.
        """

    def read(self, query: Query) -> dict[str, Columns]:
        """Answer ``query``, with one entry for each channel that has samples in its span.

        Never returns a sample or minute older than its retention. Raises HistoryUnavailableError.
        """

    def events(self, query: EventQuery) -> list[Event]:
        """Return the events that ``query`` asks for, in order of timestamp and id.

        Never returns an event older than its retention. Raises HistoryUnavailableError.
        """

    def close(self) -> None:
        """Release the connection. Safe to call twice, and before ``open``."""
