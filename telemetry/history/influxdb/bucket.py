"""Reads from and writes to one InfluxDB bucket; ``prepare`` creates it if it is missing."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from telemetry.errors import HistoryUnavailableError
from telemetry.history.influxdb.account import Account
from telemetry.history.influxdb.flux import Script
from telemetry.history.influxdb.retention import seconds_of

if TYPE_CHECKING:
    from telemetry.history.influxdb.connection import Connection


class Bucket:
    """The bucket of ``account``, with a retention of at least ``length`` milliseconds.

    Each method except ``close`` can raise HistoryUnavailableError.
    """

    def __init__(self, account: Account, length: int) -> None:
        """Store the arguments without connecting."""
        self._account = account
        self._retention = seconds_of(length)
        self._connection: Connection | None = None
        self._is_ready = False

    def connect(self) -> None:
        """Create the client; nothing is sent yet."""
        # urllib3 takes 7 MB of memory: it is loaded only if the history is in InfluxDB.
        from telemetry.history.influxdb.connection import Connection  # noqa: PLC0415

        self.close()
        self._connection = Connection(self._account)

    def check(self) -> None:
        """Check the bucket; see ``Connection.check``."""
        self._connected().check(self._retention)

    def prepare(self) -> None:
        """Create the bucket if it is missing; see ``Connection.prepare_bucket``."""
        self._connected().prepare_bucket(self._retention)
        self._is_ready = True

    def query(self, script: Script) -> str:
        """Run ``script``; return its result as CSV, or an empty string if the bucket is missing."""
        return self._connected().query(script)

    def write(self, lines: Sequence[str]) -> int:
        """Write ``lines`` in one request; return the number of lines that were too old.

        InfluxDB drops lines that are older than the bucket's retention. Raises HistoryRejectedError
        if the lines are not valid, or too large for one request.
        """
        connection = self._connected()
        if not lines:
            return 0
        if not self._is_ready:
            self.prepare()
        # If the write fails, the bucket may have been deleted: check it before the next write.
        self._is_ready = False
        dropped = connection.write(lines)
        self._is_ready = True
        return dropped

    def close(self) -> None:
        """Close the connection. Safe to call twice, and before ``connect``."""
        connection, self._connection = self._connection, None
        self._is_ready = False
        if connection is not None:
            connection.close()

    def _connected(self) -> "Connection":
        if self._connection is None:
            raise HistoryUnavailableError("The connection to InfluxDB is not open.")
        return self._connection
