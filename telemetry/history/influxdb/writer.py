"""Writes the history to InfluxDB."""

from collections.abc import Sequence
from itertools import chain

from telemetry.clock import unix_milliseconds
from telemetry.history.influxdb import events, flux, minutes
from telemetry.history.influxdb.account import Account
from telemetry.history.influxdb.bucket import Bucket
from telemetry.history.influxdb.lines import line_of
from telemetry.history.longer import MINUTE, SETTLED, minute_of
from telemetry.history.port import Record
from telemetry.history.window import Clock, Spans, Windows


class InfluxdbWriter:
    """Writes samples to one bucket, and events and minutes to a second bucket for longer storage.

    If a sample is already stored, the new values are merged into the stored sample. ``write`` sends
    at most one synchronous write request per bucket. InfluxDB parses a whole request before it
    writes any line, so it stores either all lines or none. There are two exceptions. InfluxDB drops
    lines that are older than the bucket's retention. If another program has given one of our
    fields a different type, InfluxDB rejects the lines with that field and stores the others. If
    the request with the events fails, the caller writes all records again. Writing the same samples
    twice does not change the stored samples.
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
        """Store the address and the retention; nothing is opened before ``open``."""
        self._account = Account(url, token, org, bucket)
        self._windows = Windows(spans, clock)
        self._samples = Bucket(self._account, spans.samples)
        self._events = Bucket(self._account.for_days(), spans.events)

    @property
    def dropped(self) -> int:
        """The number of records that were dropped as too old or too far in the future."""
        return self._windows.dropped

    @property
    def evicted(self) -> int:
        """Always 0: System Monitor does not limit the size of this store."""
        return 0

    def keeps(self, record: Record) -> bool:
        """Return whether ``record`` is within its retention period."""
        return self._windows.keeps(record)

    def open(self) -> None:
        """Create the buckets that are missing. Raises HistoryUnavailableError."""
        for bucket in (self._samples, self._events):
            bucket.connect()
        for bucket in (self._samples, self._events):
            bucket.prepare()

    def write(self, records: Sequence[Record]) -> None:
        """Store ``records``. Raises HistoryUnavailableError or HistoryRejectedError."""
        samples, moments = self._windows.admit(records)
        dropped = len(records) - len(samples) - len(moments)
        marks = minutes.marks(samples) if self._windows.minutes is not None else {}
        lines = [line_of(each) for each in samples] + [*chain(*marks.values())]
        dropped += minutes.samples_among(self._samples.write(lines), samples, marks)
        dropped += self._events.write([events.line_of(each) for each in moments])
        self._windows.count_dropped(dropped)

    def roll_up(self) -> bool:
        """Compute one-minute points whose samples have changed; return whether more are left.

        Raises HistoryUnavailableError or HistoryRejectedError.
        """
        if self._windows.minutes is None:
            return False
        end = minute_of(self._windows.clock() - SETTLED + MINUTE)
        bucket, into = self._account.bucket, self._account.for_days().bucket
        script = minutes.find_due(bucket, self._windows.samples.start, end)
        due = minutes.due(flux.tables(self._samples.query(script)))
        if not due:
            return False
        chosen = minutes.oldest_of(due)
        for _ in flux.tables(self._samples.query(minutes.make(bucket, into, chosen))):
            pass  # if the script failed, reading its answer raises the error
        self._samples.write(minutes.done(chosen))
        return len(chosen) < len(due)

    def close(self) -> None:
        """Close the connections. Safe to call twice, and before ``open``."""
        self._samples.close()
        self._events.close()
