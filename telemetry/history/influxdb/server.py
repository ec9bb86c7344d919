"""Sends requests to InfluxDB's HTTP API.

Import this module only if the history is in InfluxDB: it loads urllib3, which takes 7 MB of memory.
"""

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlencode

from urllib3 import PoolManager, Timeout

from telemetry.errors import HistoryUnavailableError
from telemetry.history.influxdb.account import Account
from telemetry.history.influxdb.errors import ResponseError

JSON = "application/json"
CSV = "text/csv"

_TIMEOUT_SECONDS = 10.0
_IDLE_SOCKETS = 8  # the most idle connections that stay open; more may be open during requests


class Server:
    """An InfluxDB server, accessed with one account. The methods are thread-safe."""

    def __init__(self, account: Account) -> None:
        """Create a connection pool; send nothing yet."""
        if not (account.token.isascii() and account.token.isprintable()):
            # Checked here, because the error message of http.client would contain the token.
            raise HistoryUnavailableError(
                "influxdb_token contains invalid characters: set it to an InfluxDB API token."
            )
        self._root = f"{account.url.rstrip('/')}/api/v2"
        self._pool = PoolManager(
            maxsize=_IDLE_SOCKETS,
            timeout=Timeout(total=_TIMEOUT_SECONDS),
            retries=False,
            headers={"Authorization": f"Token {account.token}"},
        )

    def send(
        self,
        method: str,
        path: str,
        expect: tuple[HTTPStatus, str],
        *,
        parameters: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> bytes:
        """Send a request and return the response body.

        Raises ResponseError if the response has an unexpected status or media type. The media type
        is checked too, because a proxy can respond to any request with its own page and status 200.
        Raises a urllib3 error if there is no response.
        """
        response = self._pool.request(
            method, f"{self._root}/{path}?{urlencode(parameters or {})}", body=body, redirect=False
        )
        status, media = expect
        received = response.headers.get("Content-Type", "")
        if response.status != status or not received.startswith(media):
            raise ResponseError(response.status, response.headers, response.data)
        return response.data

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()
