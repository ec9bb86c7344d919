"""Converts error responses and network errors to HistoryUnavailableError or HistoryRejectedError.

Import this module only if the history is in InfluxDB: it loads urllib3, which takes 7 MB of memory.
"""

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from urllib3.exceptions import HTTPError, NewConnectionError, SSLError
from urllib3.exceptions import TimeoutError as RequestTimeoutError

from telemetry.errors import HistoryRejectedError, HistoryUnavailableError
from telemetry.history.influxdb.account import Account

_LONGEST_MESSAGE = 300
# The statuses for invalid data, with which the same request would fail again. InfluxDB responds
# with 400 if it cannot parse a line, and with 422 if a field already has a different type. In the
# case of 422, InfluxDB writes the other lines (InfluxDB 2.7, POST /api/v2/write).
_REFUSALS = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
_DENIED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


class ResponseError(Exception):
    """A response that has an unexpected status, media type or content.

    ``message`` is InfluxDB's message. It is None if the response is not from InfluxDB, whose errors
    are JSON objects with a code. ``retry_after`` is the delay that the response requests,
    in seconds; 0 if it requests none.
    """

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Parse the response."""
        super().__init__(status)
        self.status = status
        self.message = _message_in(body)
        self.retry_after = _seconds_in(headers.get("Retry-After", "").strip())

    @property
    def is_bucket_missing(self) -> bool:
        """Whether InfluxDB has the organization but not the bucket."""
        return self.status == HTTPStatus.NOT_FOUND and "bucket" in (self.message or "")

    @property
    def is_token_denied(self) -> bool:
        """Whether the token is invalid or lacks a permission."""
        return self.status in _DENIED and self.message is not None


@contextlib.contextmanager
def errors_as_unavailable(account: Account) -> Iterator[None]:
    """Convert error responses and network errors in the ``with`` block to HistoryUnavailableError.

    The error's message never contains the token.
    """
    place = f"InfluxDB at {account.url}"
    try:
        yield
    except ResponseError as error:
        raise HistoryUnavailableError(
            _sentence(place, account, error), retry_after=error.retry_after
        ) from None
    except NewConnectionError:
        raise HistoryUnavailableError(f"{place} cannot be reached: is it running?") from None
    except RequestTimeoutError:
        raise HistoryUnavailableError(f"{place} did not answer in time.") from None
    except SSLError as error:
        raise HistoryUnavailableError(f"The TLS connection to {place} failed: {error}.") from None
    except (HTTPError, OSError) as error:
        kind = type(error).__name__
        raise HistoryUnavailableError(f"{place} dropped the connection ({kind}).") from None


def refusal_of(error: ResponseError) -> HistoryRejectedError | None:
    """Return the error for rejected data, or None if the same request might succeed later.

    Status 400 or 422 is a rejection only if the response is from InfluxDB: a program in between,
    such as a proxy that expects TLS, can return these statuses too.
    """
    if error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return HistoryRejectedError("The request is too large for InfluxDB.", "too large")
    if error.status in _REFUSALS and error.message is not None:
        reason = "field type conflict" if "field type conflict" in error.message else "refused"
        return HistoryRejectedError(f"InfluxDB rejected the data: {error.message}.", reason)
    return None


def _message_in(body: bytes) -> str | None:
    try:
        error = json.loads(body)
    except ValueError:
        return None
    if not isinstance(error, dict) or "code" not in error:
        return None
    return str(error.get("message", error["code"]))[:_LONGEST_MESSAGE]


def _seconds_in(retry_after: str) -> float:
    """Convert ``Retry-After``, a number of seconds or a date (RFC 9110, 10.2.3), to seconds."""
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (ValueError, TypeError):
        return 0.0


def _sentence(place: str, account: Account, error: ResponseError) -> str:
    if error.message is None:
        return (
            f"The server at {account.url} returned a response that is not from InfluxDB (status "
            f"{error.status}): check influxdb_url and any proxy in between."
        )
    if error.is_token_denied:
        return (
            f"{place} rejected the token ({error.message}): set influxdb_token to an active token "
            f"that can read and write the bucket {account.bucket!r}."
        )
    if "organization" in error.message and "not found" in error.message:
        return (
            f"{place} has no organization {account.org!r}: set influxdb_org to an existing "
            "organization."
        )
    if error.is_bucket_missing:
        return f"{place} has no bucket {account.bucket!r} yet: is the ingester running?"
    return f"{place} returned an error ({error.status}: {error.message})."
