"""Queries the history in a few threads, so that the event loop does not block."""

import asyncio
import difflib
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from api.errors import HistoryBusyError, InvalidParameterError, quote
from api.live.filters import from_query, is_concrete, select, validated_filters
from api.rest.times import parse_time
from telemetry.catalogue import SAMPLES, Retention, family_of
from telemetry.errors import HistoryUnavailableError
from telemetry.events import Event
from telemetry.history.columns import field_names
from telemetry.history.port import Aggregate, Columns, EventQuery, HistoryReader, Query

_THREADS = 4
_WAITING_PER_THREAD = 7
_ANSWER_SECONDS = 15.0  # including the wait for a thread; longer than a store's own timeouts
_RETRY_SECONDS = 2
CHECK_SECONDS = 45.0  # a check may have to wait for the running queries of all threads
_CLOSE_SECONDS = 0.3
_WITH_HISTORY = [each for each in SAMPLES if each.retention is Retention.WINDOW]

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


class History:
    """A history reader whose blocking calls run in a small thread pool.

    A call raises HistoryBusyError if too many calls are running or waiting for a thread.
    """

    def __init__(
        self, reader: HistoryReader, threads: int = _THREADS, seconds: float | None = None
    ) -> None:
        """Wrap ``reader`` without opening it yet. A call fails after ``seconds``."""
        self._reader = reader
        self._count = threads
        self._seconds = _ANSWER_SECONDS if seconds is None else seconds
        self._calls = 0
        self._threads: ThreadPoolExecutor | None = None

    async def open(self) -> None:
        """Open the reader."""
        self._threads = ThreadPoolExecutor(self._count, thread_name_prefix="history")
        await self._in_thread(self._reader.open)

    async def close(self) -> None:
        """Close the reader without waiting for calls that hang."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None
        closing = threading.Thread(target=self._reader.close, name="history-close", daemon=True)
        closing.start()
        await asyncio.to_thread(closing.join, _CLOSE_SECONDS)

    async def ping(self) -> None:
        """Check that the store responds. Raises HistoryUnavailableError."""
        await self._in_thread(self._reader.ping)

    async def notes(self) -> Sequence[str]:
        """Return the store's notes for the operator, for example that a corrupt file was renamed.

        Raises HistoryUnavailableError.
        """
        return await self._in_thread(self._reader.notes)

    async def hosts(self, start: int | None = None) -> Sequence[str]:
        """Return the hosts in the history.

        These are the hosts with samples and, if ``start`` is given, those with one-minute points
        since ``start``. Raises HistoryUnavailableError.
        """
        return await self._in_thread(self._reader.hosts, start)

    async def channels(self, host: str, start: int | None = None) -> Sequence[str]:
        """Return the channels that the history stores for ``host``.

        These are the channels with samples and, if ``start`` is given, those with one-minute points
        since ``start``. Raises HistoryUnavailableError.
        """
        return await self._in_thread(self._reader.channels, host, start)

    async def read(self, query: Query) -> dict[str, Columns]:
        """Return the samples that match ``query``. Raises HistoryUnavailableError."""
        return await self._in_thread(self._reader.read, query)

    async def events(self, query: EventQuery) -> list[Event]:
        """Return the events that match ``query``. Raises HistoryUnavailableError."""
        return await self._in_thread(self._reader.events, query)

    async def _in_thread(
        self,
        call: Callable[Arguments, Answer],
        *arguments: Arguments.args,
        **options: Arguments.kwargs,
    ) -> Answer:
        if self._calls >= self._count * (1 + _WAITING_PER_THREAD):
            raise HistoryBusyError(
                f"The history is answering too many requests; try again in {_RETRY_SECONDS} s.",
                _RETRY_SECONDS,
            )
        loop = asyncio.get_running_loop()
        self._calls += 1
        try:
            async with asyncio.timeout(self._seconds):
                return await loop.run_in_executor(
                    self._threads, lambda: call(*arguments, **options)
                )
        except TimeoutError:
            raise HistoryUnavailableError(
                f"The history did not answer within {self._seconds:g} s."
            ) from None
        finally:
            self._calls -= 1


@dataclass(frozen=True, slots=True)
class Span:
    """A span from ``start`` (inclusive) to ``end`` (exclusive), in Unix milliseconds."""

    start: int
    end: int

    @property
    def empty(self) -> bool:
        """Whether the span ends at or before its start."""
        return self.start >= self.end


def parse_span(start: str | None, end: str | None, now: int, window: int, longest: int = 0) -> Span:
    """Return the span from ``start`` to ``end``, limited to what the history can contain.

    By default, the span is the ``window`` milliseconds before ``now``. The span starts at most
    ``window`` or ``longest`` milliseconds before ``now``, whichever is longer. Raises
    InvalidParameterError.
    """
    first = now - window if start is None else parse_time("start", start, now)
    # The end is exclusive; with + 1, the span includes a sample of the current millisecond.
    last = now + 1 if end is None else parse_time("end", end, now)
    if last <= first:
        text = end if end is not None else "now"
        default = "the default start; give an earlier start"
        given = default if start is None else f"start={quote(start)}"
        raise InvalidParameterError("end", text, f"it must be later than {given}")
    # Allow an end one window in the future, because the clocks of other hosts may be fast.
    return Span(max(first, now - max(window, longest)), min(last, now + window + 1))


def channel_filters(given: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the channel filters in a query's parameters. Raises InvalidParameterError."""
    name, requested = from_query(given)
    filters = validated_filters(name, requested)
    for each in filters:
        family = family_of(each)
        if is_concrete(each) and (family is None or family.retention is not Retention.WINDOW):
            channels = ", ".join(family.channel for family in _WITH_HISTORY)
            raise InvalidParameterError(name, each, f"the channels with a history are {channels}")
    return filters


def parse_fields(requested: str | None) -> tuple[str, ...]:
    """Return the comma-separated field names in ``requested``. Raises InvalidParameterError."""
    names = () if requested is None else tuple(dict.fromkeys(requested.split(",")))
    known = {name for family in _WITH_HISTORY for name in field_names(family)}
    for name in names:
        if name not in known:
            (nearest,) = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0)
            reason = f"no channel with a history has this field; the nearest name is {nearest}"
            raise InvalidParameterError("fields", name, reason)
    return names


def build_query(
    host: str,
    stored: Sequence[str],
    filters: Sequence[str],
    span: Span,
    *,
    max_points: int,
    aggregate: Aggregate,
    fields: tuple[str, ...] = (),
) -> Query | None:
    """Return a query for the channels in ``stored`` that match one of ``filters``.

    If ``fields`` are given, include only channels that have at least one of them. Return None if
    no channel matches or the span is empty.
    """
    channels = tuple(each for each in select(filters, stored) if _has_one(each, fields))
    if not channels or span.empty:
        return None
    return Query(host, channels, span.start, span.end, max_points, aggregate, fields)


def _has_one(channel: str, fields: Sequence[str]) -> bool:
    family = family_of(channel)
    return not fields or (family is not None and not set(field_names(family)).isdisjoint(fields))
