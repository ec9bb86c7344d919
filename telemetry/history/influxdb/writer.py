"""The writing half of the history in InfluxDB."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from telemetry.errors import HistoryUnavailableError
from telemetry.history.influxdb.account import Account
from telemetry.history.window import Clock, Window, wall_clock
from telemetry.samples import Sample

if TYPE_CHECKING:
    from telemetry.history.influxdb.connection import Connection

_SHORTEST_RETENTION = 3600  # seconds; InfluxDB's minimum, and the reader clips to the window


class InfluxdbWriter:
    """Writes samples into a bucket, each call in one synchronous request.

    Values are merged into a sample that is there already. InfluxDB parses all of a request before
    it writes any of it, so that a request is all or none, unless another program has given one of
    our fields another type.
    """

    def __init__(
        self,
        url: str,
        token: str,
        org: str,
        bucket: str,
        window_ms: int,
        clock: Clock = wall_clock,
    ) -> None:
        """Remember where to write and how many milliseconds to keep."""
        self._account = Account(url, token, org, bucket)
        self._window = Window(window_ms, clock)
        self._connection: Connection | None = None
        self._bucket_is_ready = False

    @property
    def dropped(self) -> int:
        """How many samples were not kept because they lie outside the window."""
        return self._window.dropped

    def open(self) -> None:
        """Create the bucket with its retention, or correct that. Raises HistoryUnavailableError."""
        # The client takes over 20 MB: only who keeps the history in InfluxDB pays for it.
        from telemetry.history.influxdb.connection import Connection  # noqa: PLC0415

        self.close()
        self._connection = Connection(self._account)
        self._prepare_bucket(self._connection)

    def write(self, samples: Sequence[Sample]) -> None:
        """Store ``samples``. Raises HistoryUnavailableError or HistoryRejectedError."""
        from telemetry.history.influxdb.lines import line_of  # noqa: PLC0415 - as in open

        if self._connection is None:
            raise HistoryUnavailableError("The connection to InfluxDB is not open.")
        lines = [line_of(sample) for sample in self._window.admit(samples)]
        if not lines:
            return
        if not self._bucket_is_ready:
            self._prepare_bucket(self._connection)
        # Until this has succeeded the bucket is in doubt: it may have been deleted meanwhile.
        self._bucket_is_ready = False
        left_out = self._connection.write(lines)
        self._bucket_is_ready = True
        if left_out:
            self._window.count_dropped(left_out)

    def close(self) -> None:
        """Close the connection. Safe to call twice, and before ``open``."""
        connection, self._connection = self._connection, None
        self._bucket_is_ready = False
        if connection is not None:
            connection.close()

    def _prepare_bucket(self, connection: "Connection") -> None:
        seconds = -(-self._window.length // 1000)
        connection.prepare_bucket(max(_SHORTEST_RETENTION, seconds))
        self._bucket_is_ready = True
