"""The writing half of the history in InfluxDB."""

from collections.abc import Sequence

from telemetry.clock import unix_milliseconds
from telemetry.history.influxdb import events
from telemetry.history.influxdb.account import Account
from telemetry.history.influxdb.bucket import Bucket
from telemetry.history.influxdb.lines import line_of
from telemetry.history.port import Record
from telemetry.history.window import Clock, Spans, Windows


class InfluxdbWriter:
    """Writes samples to one bucket, and events to another, which keeps them for days.

    A sample that is stored already is merged with the new values. Each call makes one synchronous
    request per bucket. InfluxDB parses a whole request before it writes any of it, so a request is
    stored completely or not at all, unless another program has given one of our fields another
    type. If the second request fails, the caller writes everything again, which changes nothing in
    the first bucket.
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
        """Store the address and the retention; nothing is opened."""
        account = Account(url, token, org, bucket)
        self._windows = Windows(spans, clock)
        self._samples = Bucket(account, spans.samples)
        self._events = Bucket(account.for_days(), spans.events)

    @property
    def dropped(self) -> int:
        """The number of records that were dropped because they are outside their retention."""
        return self._windows.dropped

    @property
    def evicted(self) -> int:
        """Always 0: System Monitor does not limit the size of this store."""
        return 0

    def keeps(self, record: Record) -> bool:
        """Return whether ``record`` is inside its retention."""
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
        dropped += self._samples.write([line_of(each) for each in samples])
        dropped += self._events.write([events.line_of(each) for each in moments])
        self._windows.count_dropped(dropped)

    def close(self) -> None:
        """Close the connections. Safe to call twice, and before ``open``."""
        self._samples.close()
        self._events.close()
