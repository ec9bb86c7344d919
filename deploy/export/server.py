"""Reads the history of a running System Monitor over REST.

Import this module only where needed: it loads urllib3, which takes 7 MB of memory.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from urllib3 import PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError, NewConnectionError, SSLError
from urllib3.exceptions import TimeoutError as RequestTimeoutError

from telemetry.bus.tls import explained
from telemetry.errors import SystemMonitorError
from telemetry.history.port import Columns

_PATH = "/api/v1/system/history"
_TIMEOUT = Timeout(connect=10.0, read=60.0)
# A server with too many simultaneous requests responds with status 503 and a Retry-After header.
_RETRIES = Retry(
    total=None,
    connect=0,
    read=0,
    other=0,  # such as TLS errors
    status=3,
    status_forcelist={HTTPStatus.SERVICE_UNAVAILABLE},
    raise_on_status=False,
)


class ExportError(SystemMonitorError):
    """The history cannot be exported; the message gives the reason."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The channel filters, field names and host to export; an empty value means the default."""

    channels: Sequence[str] = ()
    fields: str | None = None
    host: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A part of a host's history. ``start`` is later than requested if the history begins later."""

    host: str
    start: int
    channels: Mapping[str, Columns]


class HistoryServer:
    """The System Monitor at ``url``."""

    def __init__(self, url: str, token: str | None) -> None:
        """Store the address; nothing is sent yet."""
        self._url = url.rstrip("/")
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._pool = PoolManager(headers=headers, timeout=_TIMEOUT, retries=_RETRIES)

    def read(self, selection: Selection, start: int, end: int, max_points: int) -> Answer:
        """Return the history from ``start`` to ``end`` (Unix milliseconds). Raises ExportError."""
        parameters = {
            "channel": selection.channels,
            "fields": selection.fields,
            "host": selection.host,
            "start": start,
            "end": end,
            "max_points": max_points,
        }
        given = {name: value for name, value in parameters.items() if value not in (None, ())}
        body = self._get(f"{self._url}{_PATH}?{urlencode(given, doseq=True)}")
        try:
            channels = {name: _columns(each) for name, each in body["channels"].items()}
            return Answer(body["host"], body["start"], channels)
        except (AttributeError, LookupError, TypeError):
            raise self._not_ours() from None

    def _get(self, url: str) -> Any:  # noqa: ANN401 - JSON
        try:
            # Redirects are not followed, because the token is for this server only.
            response = self._pool.request("GET", url, redirect=False)
        except HTTPError as error:
            raise self._failure(getattr(error, "reason", None) or error) from None
        try:
            body = json.loads(response.data)
            if response.status == HTTPStatus.OK:
                return body
            raise ExportError(
                f"{self._url} responded: {body['error']['message']}{_advice(response)}"
            )
        except (ValueError, LookupError, TypeError):
            raise self._not_ours() from None

    def _failure(self, error: Exception) -> ExportError:
        match error:
            case NewConnectionError():
                return ExportError(
                    f"No System Monitor answers at {self._url}: start it with `system-monitor up`, "
                    "or choose another address with --url."
                )
            case RequestTimeoutError():
                return ExportError(
                    f"The server at {self._url} did not answer in time: try again later, or check "
                    "--url."
                )
            case SSLError():
                reason = explained(error.args[0] if error.args else None)
                return ExportError(
                    f"Cannot open a TLS connection to {self._url} ({reason}): check --url."
                )
        return ExportError(  # for instance if an MQTT broker listens there
            f"The server at {self._url} did not send a valid HTTP response: check that --url names "
            "a System Monitor."
        )

    def _not_ours(self) -> ExportError:
        return ExportError(f"The server at {self._url} is not a System Monitor: check --url.")


def _columns(body: Mapping[str, Any]) -> Columns:
    return Columns(
        body["timestamps"], body["fields"], body["bucket_width"], body.get("minutes_until")
    )


def _advice(response: Any) -> str:  # noqa: ANN401 - urllib3's
    if response.status == HTTPStatus.UNAUTHORIZED:
        return " Put the server's token into a file, and set --http-token-file to the file's path."
    return ""
