"""Sends requests to InfluxDB's HTTP API. Imports urllib3, which takes 7 MB."""

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
_IDLE_SOCKETS = 8  # the api may answer four requests at once, with up to four queries each


class Server:
    """The server of one account. Its methods are thread-safe."""

    def __init__(self, account: Account) -> None:
        """Create a pool without connections; nothing is sent yet."""
        if not (account.token.isascii() and account.token.isprintable()):
            # Checked here, because the error of http.client would quote the token.
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
        """Return the body of a response that has the status and the media type in ``expect``.

        A proxy can answer any request with a page of its own, even with status 200. So any other
        response raises ResponseError. Raises an error of urllib3 if there is no response.
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
