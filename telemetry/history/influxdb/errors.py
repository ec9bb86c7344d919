"""Translates the errors of the client. Imports the client, which takes over 20 MB."""

import contextlib
import json
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as RequestTimeoutError

from telemetry.errors import HistoryRejectedError, HistoryUnavailableError
from telemetry.history.influxdb.account import Account

_LONGEST_MESSAGE = 300
# The samples are invalid: the same request would fail again. InfluxDB answers 400 to a line that it
# cannot parse, and 422 to a field of another type; with 422 it writes the other lines (InfluxDB
# 2.7, POST /api/v2/write).
_REFUSALS = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)


@contextlib.contextmanager
def errors_as_unavailable(account: Account) -> Iterator[None]:
    """Translate the errors of the client into one sentence for a user, without the token."""
    place = f"InfluxDB at {account.url}"
    try:
        yield
    except ApiException as error:
        raise HistoryUnavailableError(
            _sentence(place, account, error), retry_after=_retry_after(error)
        ) from None
    except NewConnectionError:
        raise HistoryUnavailableError(f"{place} cannot be reached: is it running?") from None
    except RequestTimeoutError:
        raise HistoryUnavailableError(f"{place} does not answer in time.") from None
    except (HTTPError, OSError) as error:
        kind = type(error).__name__
        raise HistoryUnavailableError(f"{place} dropped the connection ({kind}).") from None


def message_of(error: ApiException) -> str:
    """Return the message of InfluxDB's error."""
    return str(_body_of(error).get("message", error.reason))[:_LONGEST_MESSAGE]


def refusal_of(error: ApiException) -> HistoryRejectedError | None:
    """Return why the samples are rejected, or None if the same request may succeed later.

    Only InfluxDB can judge samples: a 400 without its error code comes from something in between,
    such as a proxy that expects TLS.
    """
    message = message_of(error)
    if error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return HistoryRejectedError(
            f"The request is too large for InfluxDB: {message}.", "too large"
        )
    if error.status in _REFUSALS and "code" in _body_of(error):
        reason = "field type conflict" if "field type conflict" in message else "refused"
        return HistoryRejectedError(f"InfluxDB rejected the samples: {message}.", reason)
    return None


def bucket_is_missing(error: ApiException) -> bool:
    """Return whether InfluxDB knows the organization but not the bucket."""
    return error.status == HTTPStatus.NOT_FOUND and "bucket" in message_of(error)


def _body_of(error: ApiException) -> dict[str, Any]:
    """Return the JSON of InfluxDB's error; empty if the answer is not from InfluxDB."""
    try:
        body = json.loads(error.body)
    except (ValueError, TypeError):
        return {}
    return body if isinstance(body, dict) else {}


def _retry_after(error: ApiException) -> float:
    """Return the seconds that ``Retry-After`` asks for, a number or a date (RFC 9110, 10.2.3)."""
    text = str((error.headers or {}).get("Retry-After", "")).strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError):
        return 0.0


def _sentence(place: str, account: Account, error: ApiException) -> str:
    message = message_of(error)
    if error.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return (
            f"{place} rejected the token: set influxdb_token to a token that can "
            f"read and write the bucket {account.bucket!r}."
        )
    if "organization" in message and "not found" in message:
        return f"{place} has no organization {account.org!r}: set influxdb_org to an existing one."
    if bucket_is_missing(error):
        return f"{place} has no bucket {account.bucket!r} yet: is the ingester running?"
    if not error.status:
        return f"{place} cannot be reached: {message.splitlines()[-1]}."
    return f"{place} returned an error ({error.status}: {message})."
