"""The API's errors, and the error responses, which all have the same JSON shape.

``{"error": {"code": "unknown_host", "message": "One sentence."}}``
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from telemetry.errors import (
    BusUnavailableError,
    HistoryError,
    HistoryUnavailableError,
    SystemMonitorError,
)

_LONGEST_QUOTE = 80
INTERNAL_ERROR = "internal_error"


class UnknownHostError(SystemMonitorError):
    """The host is unknown."""


class UnknownRunError(SystemMonitorError):
    """The run is unknown."""


class AmbiguousRunError(SystemMonitorError):
    """Several hosts have a run with this id, and the request does not name a host."""


class UnknownRecordingError(SystemMonitorError):
    """The run has no recording."""


class InvalidParameterError(SystemMonitorError):
    """A parameter has an invalid value."""

    def __init__(self, name: str, value: object, allowed: str) -> None:
        """Build the message; ``allowed`` is a clause that describes the allowed values."""
        super().__init__(f"{name}={quote(value)} is not allowed: {allowed}.")


class UnknownParameterError(InvalidParameterError):
    """A query contains a parameter that does not exist."""

    def __init__(self, name: str, nearest: Sequence[str], known: Sequence[str]) -> None:
        """Build the message; ``nearest`` contains the most similar known parameter, if any."""
        advice = "leave it out."
        if nearest:
            advice = f"did you mean {nearest[0]}?"
        elif known:
            advice = f"use {listed(known, 'or')}."
        SystemMonitorError.__init__(self, f"Unknown parameter {quote(name)}; {advice}")


class ReadOnlyError(SystemMonitorError):
    """The settings do not allow clients to publish annotations."""


class BodyTooLargeError(SystemMonitorError):
    """A request's body is too large."""


class BodyTimeoutError(SystemMonitorError):
    """A request's body did not arrive in time."""


class RetryLaterError(SystemMonitorError):
    """A limit has been reached; the client can retry after ``wait`` seconds."""

    def __init__(self, message: str, wait: int) -> None:
        """Store the message and the delay."""
        super().__init__(message)
        self.wait = wait


class TooManyEventsError(RetryLaterError):
    """Events arrive faster than the rate limit allows."""


class HistoryBusyError(RetryLaterError):
    """Too many requests are waiting for answers from the history."""


class PageNotBuiltError(SystemMonitorError):
    """The dashboard's files do not exist."""


# The only mapping from errors to responses. Subclasses come before their base class.
RESPONSES: Mapping[type[SystemMonitorError], tuple[HTTPStatus, str]] = {
    UnknownHostError: (HTTPStatus.NOT_FOUND, "unknown_host"),
    UnknownRunError: (HTTPStatus.NOT_FOUND, "unknown_run"),
    AmbiguousRunError: (HTTPStatus.CONFLICT, "ambiguous_run"),
    UnknownRecordingError: (HTTPStatus.NOT_FOUND, "unknown_recording"),
    InvalidParameterError: (HTTPStatus.UNPROCESSABLE_ENTITY, "wrong_parameter"),
    ReadOnlyError: (HTTPStatus.FORBIDDEN, "read_only"),
    BodyTooLargeError: (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large"),
    BodyTimeoutError: (HTTPStatus.REQUEST_TIMEOUT, "timeout"),
    TooManyEventsError: (HTTPStatus.TOO_MANY_REQUESTS, "too_many_events"),
    HistoryBusyError: (HTTPStatus.SERVICE_UNAVAILABLE, "history_busy"),
    BusUnavailableError: (HTTPStatus.SERVICE_UNAVAILABLE, "broker_unavailable"),
    PageNotBuiltError: (HTTPStatus.SERVICE_UNAVAILABLE, "page_not_built"),
    HistoryUnavailableError: (HTTPStatus.SERVICE_UNAVAILABLE, "history_unavailable"),
    HistoryError: (HTTPStatus.BAD_GATEWAY, "history_error"),
    SystemMonitorError: (HTTPStatus.INTERNAL_SERVER_ERROR, INTERNAL_ERROR),
}


def quote(value: object) -> str:
    """Return ``value`` in quotes, with non-ASCII characters escaped, and truncated if long."""
    text = ascii(value if isinstance(value, str) else str(value))
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…'"


def listed(words: Sequence[str], conjunction: str) -> str:
    """Join ``words`` into one text, such as "a, b or c"."""
    start = ", ".join(words[:-1])
    return f"{start} {conjunction} {words[-1]}" if start else "".join(words)


def error_body(code: str, message: str) -> dict[str, Any]:
    """Return the JSON body of an error."""
    return {"error": {"code": code, "message": message}}
