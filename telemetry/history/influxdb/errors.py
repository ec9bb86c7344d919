"""What the client's errors mean for us. Imports the client, which takes over 20 MB."""

import contextlib
import json
from collections.abc import Iterator
from http import HTTPStatus

from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as RequestTimeoutError

from telemetry.errors import HistoryUnavailable
from telemetry.history.influxdb.account import Account

_LONGEST_MESSAGE = 300


@contextlib.contextmanager
def errors_as_unavailable(account: Account) -> Iterator[None]:
    """Turn what the client raises into one sentence for a user, which holds no token."""
    place = f"InfluxDB at {account.url}"
    try:
        yield
    except ApiException as error:
        raise HistoryUnavailable(_sentence(place, account, error)) from None
    except NewConnectionError:
        raise HistoryUnavailable(f"{place} cannot be reached: is it running?") from None
    except RequestTimeoutError:
        raise HistoryUnavailable(f"{place} does not answer in time.") from None
    except (HTTPError, OSError) as error:
        kind = type(error).__name__
        raise HistoryUnavailable(f"{place} broke off the connection ({kind}).") from None


def message_of(error: ApiException) -> str:
    """Return what InfluxDB says is wrong."""
    try:
        message = str(json.loads(error.body)["message"])
    except (ValueError, TypeError, KeyError):
        message = str(error.reason)
    return message[:_LONGEST_MESSAGE]


def bucket_is_missing(error: ApiException) -> bool:
    """Return whether InfluxDB answers, and knows the organization but not the bucket."""
    return error.status == HTTPStatus.NOT_FOUND and "bucket" in message_of(error)


def _sentence(place: str, account: Account, error: ApiException) -> str:
    message = message_of(error)
    if error.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return (
            f"{place} refuses the token: set influxdb_token to one that may "
            f"read and write the bucket {account.bucket!r}."
        )
    if "organization" in message and "not found" in message:
        return f"{place} has no organization {account.org!r}: set influxdb_org to one that it has."
    if bucket_is_missing(error):
        return f"{place} has no bucket {account.bucket!r} yet: is the ingester running?"
    if not error.status:
        return f"{place} cannot be reached: {message.splitlines()[-1]}."
    return f"{place} cannot do that at present ({error.status}: {message})."
