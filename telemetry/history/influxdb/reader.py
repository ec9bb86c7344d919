"""Reads the history in InfluxDB."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import chain

from telemetry.clock import unix_milliseconds
from telemetry.events import Event
from telemetry.history import longer
from telemetry.history.buckets import bucket_width, mark_outages
from telemetry.history.columns import assemble
from telemetry.history.influxdb import events, flux, minutes
from telemetry.history.influxdb.account import Account
from telemetry.history.influxdb.bucket import Bucket
from telemetry.history.influxdb.flux import Script, Table
from telemetry.history.influxdb.names import COUNTED, Series, channel_of, decode, series_of
from telemetry.history.port import Columns, EventQuery, Query
from telemetry.history.window import Clock, Spans, Windows

_AT_ONCE = 4  # the most queries that one request sends at the same time
# If a request needs several queries, each query has at least this number of series, because each
# additional query takes InfluxDB 3 ms of CPU time.
_SERIES = 3


class InfluxdbReader:
    """Reads samples from one bucket, and one-minute points and events from a second bucket.

    A one-minute point summarizes the samples of one minute. Any aggregation of samples
    happens in InfluxDB.
    """

    def __init__(
        self,
        url: str,
        token: str,
        org: str,
        bucket: str,
        spans: Spans,
        clock: Clock = unix_milliseconds,
    ) -> None:
        """Store the address and the retention, without opening anything."""
        self._account = Account(url, token, org, bucket)
        self._windows = Windows(spans, clock)
        self._bucket = Bucket(self._account, spans.samples)
        self._long_name = self._account.for_days().bucket
        self._long_bucket = Bucket(self._account.for_days(), spans.events)

    def open(self) -> None:
        """Create the clients; nothing is sent yet."""
        for bucket in (self._bucket, self._long_bucket):
            bucket.connect()

    def ping(self) -> None:
        """Check both buckets. Raises HistoryUnavailableError, with the reason, if a check fails."""
        for bucket in (self._bucket, self._long_bucket):
            bucket.check()

    def notes(self) -> Sequence[str]:
        """Return an empty sequence: this store has no notes for the operator."""
        return ()

    def hosts(self, start: int | None = None) -> Sequence[str]:
        """Return the sorted hosts that have samples or minutes; see ``HistoryReader.hosts``."""
        return sorted({decode(table.key("host")) for table in self._first_of(flux.hosts, start)})

    def channels(self, host: str, start: int | None = None) -> Sequence[str]:
        """Return the sorted channels of ``host`` that have samples or minutes; see ``hosts``."""

        def script(bucket: str, start: int, end: int) -> Script:
            return flux.channels(bucket, host, start, end)

        found = (channel_of(table.series) for table in self._first_of(script, start))
        return sorted({channel for channel in found if channel is not None})

    def _first_of(
        self, script: Callable[[str, int, int], Script], start: int | None
    ) -> Iterator[Table]:
        """Yield the tables of ``script``, also for minutes if ``start`` is before the window."""
        window = self._windows.samples
        yield from self._ask(script(self._account.bucket, window.start, window.end))
        oldest = longer.first_minute(self._windows, start)
        if oldest is not None:
            of_days = script(self._long_name, oldest, window.end)
            yield from flux.tables(self._long_bucket.query(of_days))

    def read(self, query: Query) -> dict[str, Columns]:
        """Answer ``query``. Raises HistoryUnavailableError."""
        source = longer.Source(self._recent, self._minutes, self._minutes_in_buckets)
        return longer.read(query, self._windows, source)

    def _recent(self, clipped: Query) -> dict[str, Columns]:
        query, wanted = clipped, _wanted(clipped)
        if not wanted:
            return {}
        counts = self._counts(clipped, list(wanted))
        few = [series for series, count in counts.items() if count <= query.max_points]
        answers = self._samples(clipped, few)
        answers = {
            series: columns
            for series, columns in answers.items()
            if len(columns.timestamps) <= query.max_points  # these include the marks of outages
        }
        many = {series: count for series, count in counts.items() if series not in answers}
        answers |= self._buckets(clipped, many)
        return {name: answers[series] for series, name in wanted.items() if series in answers}

    def events(self, query: EventQuery) -> list[Event]:
        """Answer ``query``. Raises HistoryUnavailableError."""
        clipped = self._windows.events.clip(query)
        if clipped is None:
            return []
        script = events.select(self._account.for_days().bucket, clipped)
        return events.selected(flux.tables(self._long_bucket.query(script)))

    def close(self) -> None:
        """Close the connections. Safe to call twice, and before ``open``."""
        self._bucket.close()
        self._long_bucket.close()

    def _counts(self, query: Query, series: Sequence[Series]) -> dict[Series, int]:
        """Return the number of samples in each series.

        If the query names no fields, the values of the fields in ``COUNTED`` are counted first.
        For each series without values in these fields, all fields are then counted.
        """
        counts = self._count(replace(query, fields=query.fields or COUNTED), series)
        others = [each for each in series if each not in counts]
        return counts if query.fields or not others else counts | self._count(query, others)

    def _count(self, query: Query, series: Sequence[Series]) -> dict[Series, int]:
        counts: dict[Series, int] = {}
        for table in self._ask(self._select(query, series).count()):
            counts[table.series] = max(table.count(), counts.get(table.series, 0))
        return counts

    def _samples(self, query: Query, series: Sequence[Series]) -> dict[Series, Columns]:
        if not series:
            return {}
        answer = self._ask(self._select(query, series).samples())
        return {table.series: mark_outages(_columns(table, query)) for table in answer}

    def _buckets(self, query: Query, counts: Mapping[Series, int]) -> dict[Series, Columns]:
        if not counts:
            return {}
        width = bucket_width(query)
        scripts = [
            self._select(query, part).buckets(width, query.aggregate) for part in _parts(counts)
        ]
        return {
            table.series: mark_outages(_columns(table, query, width), counts[table.series])
            for table in self._ask_at_once(scripts)
        }

    def _minutes(self, query: Query) -> dict[str, Columns]:
        series = _wanted(query)
        if not series:
            return {}
        selection = replace(self._select(query, list(series)), bucket=self._long_name)
        script = minutes.points(selection, query.aggregate)
        answer = flux.tables(self._long_bucket.query(script))
        return {series[each.series]: _columns(each, query, longer.MINUTE) for each in answer}

    def _minutes_in_buckets(self, query: Query, seam: int, width: int) -> dict[str, Columns]:
        series = _wanted(query)
        if not series:
            return {}
        samples = self._select(replace(query, start=seam), list(series))
        past = replace(samples, bucket=self._long_name, start=query.start, end=seam)
        script = minutes.buckets(past, samples, query.aggregate, width)
        return {series[each.series]: _columns(each, query, width) for each in self._ask(script)}

    def _ask(self, script: Script) -> Iterator[Table]:
        return flux.tables(self._bucket.query(script))

    def _ask_at_once(self, scripts: Sequence[Script]) -> Iterator[Table]:
        """Send ``scripts`` in parallel, so that InfluxDB uses several cores; return the tables."""
        with ThreadPoolExecutor(len(scripts)) as threads:
            answers = list(threads.map(self._bucket.query, scripts))
        return chain.from_iterable(map(flux.tables, answers))

    def _select(self, query: Query, series: Sequence[Series]) -> flux.Selection:
        return flux.Selection(
            self._account.bucket, query.host, series, query.start, query.end, query.fields
        )


def _parts(series: Collection[Series]) -> list[list[Series]]:
    """Split ``series`` into parts, one for each query.

    There are at most ``_AT_ONCE`` parts. If there are several, each has at least ``_SERIES``
    series.
    """
    count = min(_AT_ONCE, max(1, len(series) // _SERIES))
    return [list(series)[part::count] for part in range(count)]


def _wanted(query: Query) -> dict[Series, str]:
    return {series: name for name in query.channels if (series := series_of(name))}


def _columns(table: Table, query: Query, width: int | None = None) -> Columns:
    row_at = {time: row for row, time in enumerate(table.times())}
    times = sorted(row_at)
    values = table.values([row_at[time] for time in times])
    return assemble(channel_of(table.series) or "", query, times, values, width)
