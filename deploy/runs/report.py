"""Saves the API's report of a run that has ended."""

import http.client
import time
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode

from telemetry.errors import SystemMonitorError
from telemetry.settings import Settings, reachable

_STORED_SECONDS = 10.0  # wait this long for the end of the run to be in the history
_PAUSE_SECONDS = 0.3
# The API learns of the end immediately, but the ingester may store the last samples and annotations
# up to a second later.
_SETTLE_SECONDS = 1.5
_KILLED_SECONDS = 8.0  # the advisor reports later that the kernel killed a process
_TIMEOUT_SECONDS = 30.0
_LATER = (HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE)


def save(settings: Settings, identity: str, folder: Path, *, killed: bool = False) -> Path:
    """Save the report of the run ``identity`` in ``folder`` and return its path.

    If SIGKILL ended the run (``killed``), the machine may have run out of memory. This function
    then waits for 8 s, so that the report includes any finding that the kernel killed a process.
    Raises SystemMonitorError.
    """
    time.sleep(_KILLED_SECONDS if killed else _SETTLE_SECONDS)
    deadline = time.monotonic() + _STORED_SECONDS
    place = f"{settings.http_host}:{settings.http_port}"
    while True:
        try:
            status, content = _fetch(settings, identity)
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise SystemMonitorError(
                f"The report was not saved, because the api at {place} cannot be reached "
                f"({reason}): start it, or set http_host and http_port."
            ) from None
        if status == HTTPStatus.OK:
            return _write(content, folder, identity)
        if status not in _LATER or time.monotonic() > deadline:
            advice = ": set http_token_file" if status == HTTPStatus.UNAUTHORIZED else ""
            raise SystemMonitorError(
                f"The report was not saved, because the api at {place} responded with status "
                f"{status}{advice}."
            )
        time.sleep(_PAUSE_SECONDS)


def _fetch(settings: Settings, identity: str) -> tuple[int, bytes]:
    token = settings.http_token
    headers = {} if token is None else {"Authorization": f"Bearer {token.reveal()}"}
    host = reachable(settings.http_host)
    connection = http.client.HTTPConnection(host, settings.http_port, timeout=_TIMEOUT_SECONDS)
    try:
        # Another host may have published a run with the same id.
        query = urlencode({"ended": "true", "host": settings.host_name})
        path = f"/api/v1/system/runs/{identity}/report?{query}"
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _write(content: bytes, folder: Path, identity: str) -> Path:
    file = folder / f"{identity}.html"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    except OSError as error:
        raise SystemMonitorError(
            f"The report could not be written to {file}: {error.strerror}."
        ) from None
    return file
