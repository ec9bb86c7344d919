"""The writing half of the history in InfluxDB."""

from collections.abc import Sequence

from telemetry.clock import unix_milliseconds
from telemetry.history.influxdb import events
from telemetry.history.influxdb.account import Account
from telemetry.history.influxdb.bucket import Bucket
from telemetry.history.port import Record
from telemetry.history.window import Clock, Spans, Windows


class InfluxdbWriter:
    """Writes samples into one bucket and events into another, which keeps them for days.

    The values of a sample that is there already are merged into it. Each call makes one synchronous
    request for each bucket that it writes to. InfluxDB parses all of a request before it writes any
    of it, so that a request is all or none, unless another program has given one of our fields
    another type. Where the second request fails, the caller writes all again, which changes nothing
    in the first bucket.
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
        """Remember where to write and how long to keep it."""
        account = Account(url, token, org, bucket)
        self._windows = Windows(spans, clock)
        self._samples = Bucket(account, spans.samples)
        self._events = Bucket(account.for_days(), spans.events)

    @property
    def dropped(self) -> int:
        """How many records were not kept because they lie outside their retention."""
        return self._windows.dropped

    def open(self) -> None:
        """Create the buckets that are missing. Raises HistoryUnavailableError."""
        for bucket in (self._samples, self._events):
            bucket.connect()
        for bucket in (self._samples, self._events):
            bucket.prepare()

    def write(self, records: Sequence[Record]) -> None:
        """Store ``records``. Raises HistoryUnavailableError or HistoryRejectedError."""
        from telemetry.history.influxdb.lines import line_of  # noqa: PLC0415 - imports the client

        samples, moments = self._windows.admit(records)
        for bucket, window, lines in (
            (self._samples, self._windows.samples, [line_of(each) for each in samples]),
            (self._events, self._windows.events, [events.line_of(each) for each in moments]),
        ):
            if left_out := bucket.write(lines):
                window.count_dropped(left_out)

    def close(self) -> None:
        """Close the connections. Safe to call twice, and before ``open``."""
        self._samples.close()
        self._events.close()
