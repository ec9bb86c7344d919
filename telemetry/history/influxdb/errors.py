"""Translates error responses and network errors. Imports urllib3, which takes 7 MB."""

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
# The samples are invalid: the same request would fail again. InfluxDB answers 400 to a line that it
# cannot parse, and 422 to a field of another type; with 422 it writes the other lines (InfluxDB
# 2.7, POST /api/v2/write).
_REFUSALS = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
_DENIED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


class ResponseError(Exception):
    """A response other than the expected one.

    ``message`` is InfluxDB's message, or None if the response is not from InfluxDB, whose errors
    are JSON objects with a code and a message. ``retry_after`` is in seconds.
    """

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Parse the response."""
        super().__init__(status)
        self.status = status
        self.message = _message_in(body)
        self.retry_after = _seconds_in(headers.get("Retry-After", "").strip())

    @property
    def is_bucket_missing(self) -> bool:
        """Whether InfluxDB knows the organization but not the bucket."""
        return self.status == HTTPStatus.NOT_FOUND and "bucket" in (self.message or "")

    @property
    def is_token_denied(self) -> bool:
        """Whether the token is not valid, or lacks a permission."""
        return self.status in _DENIED and self.message is not None


@contextlib.contextmanager
def errors_as_unavailable(account: Account) -> Iterator[None]:
    """Translate the errors of a request into one sentence for a user, without the token."""
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
    """Return why the samples are rejected, or None if the same request may succeed later.

    Only InfluxDB can judge samples: a 400 that is not from InfluxDB comes from something in
    between, such as a proxy that expects TLS.
    """
    if error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return HistoryRejectedError("The request is too large for InfluxDB.", "too large")
    if error.status in _REFUSALS and error.message is not None:
        reason = "field type conflict" if "field type conflict" in error.message else "refused"
        return HistoryRejectedError(f"InfluxDB rejected the samples: {error.message}.", reason)
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
    """Return the seconds that ``Retry-After`` asks for, a number or a date (RFC 9110, 10.2.3)."""
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (ValueError, TypeError):
        return 0.0


def _sentence(place: str, account: Account, error: ResponseError) -> str:
    if error.message is None:
        return (
            f"{place} returned a response that is not from InfluxDB (status {error.status}): check "
            "influxdb_url and any proxy in between."
        )
    if error.is_token_denied:
        return (
            f"{place} rejected the token ({error.message}): set influxdb_token to an active token "
            f"that can read and write the bucket {account.bucket!r}."
        )
    if "organization" in error.message and "not found" in error.message:
        return f"{place} has no organization {account.org!r}: set influxdb_org to an existing one."
    if error.is_bucket_missing:
        return f"{place} has no bucket {account.bucket!r} yet: is the ingester running?"
    return f"{place} returned an error ({error.status}: {error.message})."
