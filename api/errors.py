"""Error responses of the API, all of the same JSON shape.

``{"error": {"code": "unknown_host", "message": "One sentence."}}``
"""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.methods import allowed_methods
from telemetry.errors import (
    BusUnavailableError,
    HistoryError,
    HistoryUnavailableError,
    SystemMonitorError,
)

log = logging.getLogger(__name__)

_LONGEST_QUOTE = 80
_INTERNAL_ERROR = "internal_error"


class UnknownHostError(SystemMonitorError):
    """The host is not known."""


class UnknownRunError(SystemMonitorError):
    """The run is not known."""


class AmbiguousRunError(SystemMonitorError):
    """Several hosts have a run with this id, and the request does not name one."""


class UnknownRecordingError(SystemMonitorError):
    """The run has no recording."""


class InvalidParameterError(SystemMonitorError):
    """A parameter has an invalid value."""

    def __init__(self, name: str, value: object, allowed: str) -> None:
        """Build the message; ``allowed`` follows the parameter's name and value."""
        super().__init__(f"{name}={quote(value)} is not allowed: {allowed}.")


class UnknownParameterError(InvalidParameterError):
    """A query has a parameter that does not exist."""

    def __init__(self, name: str, nearest: Sequence[str], known: Sequence[str]) -> None:
        """Build the message; ``nearest`` is the most similar parameter, or empty."""
        advice = "leave it out."
        if nearest:
            advice = f"did you mean {nearest[0]}?"
        elif known:
            advice = f"use {listed(known, 'or')}."
        SystemMonitorError.__init__(self, f"Unknown parameter {quote(name)}; {advice}")


class ReadOnlyError(SystemMonitorError):
    """The settings do not allow requests that write."""


class BodyTooLargeError(SystemMonitorError):
    """A request's body exceeds its limit."""


class BodyTimeoutError(SystemMonitorError):
    """A request's body did not arrive in time."""


class RetryLaterError(SystemMonitorError):
    """A limit is reached; the client may retry after ``wait`` seconds."""

    def __init__(self, message: str, wait: int) -> None:
        """Store the message and the delay."""
        super().__init__(message)
        self.wait = wait


class TooManyEventsError(RetryLaterError):
    """Events exceed the rate limit."""


class HistoryBusyError(RetryLaterError):
    """Too many requests wait for the history."""


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
    SystemMonitorError: (HTTPStatus.INTERNAL_SERVER_ERROR, _INTERNAL_ERROR),
}

_HTTP_RESPONSES = {
    HTTPStatus.NOT_FOUND: ("not_found", "{path} does not exist; see /api/v1/openapi.json."),
    HTTPStatus.METHOD_NOT_ALLOWED: (
        "method_not_allowed",
        "{method} is not allowed here; use {allowed}.",
    ),
    HTTPStatus.UPGRADE_REQUIRED: ("upgrade_required", "{path} is a WebSocket; connect with ws://."),
}


def quote(value: object) -> str:
    """Return ``value`` as quoted ASCII, truncated if it is long."""
    text = ascii(value if isinstance(value, str) else str(value))
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…'"


def listed(words: Sequence[str], conjunction: str) -> str:
    """Return ``words`` as an enumeration: "a, b or c"."""
    start = ", ".join(words[:-1])
    return f"{start} {conjunction} {words[-1]}" if start else "".join(words)


def error_body(code: str, message: str) -> dict[str, Any]:
    """Return the JSON body of an error."""
    return {"error": {"code": code, "message": message}}


def install_error_handlers(app: FastAPI) -> None:
    """Give all error responses of ``app`` the same shape."""
    app.add_exception_handler(SystemMonitorError, _respond_to_own_error)
    app.add_exception_handler(RequestValidationError, _respond_to_invalid_parameter)
    app.add_exception_handler(HTTPException, _respond_to_http_error)


async def _respond_to_own_error(_request: Request, error: Exception) -> JSONResponse:
    status, code = next(each for kind, each in RESPONSES.items() if isinstance(error, kind))
    headers = {"Retry-After": str(error.wait)} if isinstance(error, RetryLaterError) else None
    return JSONResponse(error_body(code, str(error)), status, headers)


async def _respond_to_invalid_parameter(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):  # pragma: no cover - registered for no other
        raise error
    first = error.errors()[0]
    name = str(first["loc"][1]) if len(first["loc"]) > 1 else "request"
    if first["type"] == "json_invalid":
        return _invalid("The body is not valid JSON.")
    if name == "request":
        return _invalid("The body must be a JSON object.")
    if first["type"] == "missing":
        return _invalid(f"{name} is required.")
    if first["type"] == "extra_forbidden":
        return _invalid(f"{name} is not a known field.")
    allowed = str(first["msg"]).replace("Input should", "it must", 1)
    allowed = allowed[0].lower() + allowed[1:]
    return await _respond_to_own_error(
        request, InvalidParameterError(name, first.get("input"), allowed)
    )


def _invalid(message: str) -> JSONResponse:
    status, code = RESPONSES[InvalidParameterError]
    return JSONResponse(error_body(code, message), status)


async def _respond_to_http_error(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):  # pragma: no cover - registered for no other
        raise error
    code, text = _HTTP_RESPONSES.get(
        HTTPStatus(error.status_code), ("http_error", f"{error.detail.rstrip('.')}.")
    )
    message = text.replace("{path}", quote(request.url.path)).replace("{method}", request.method)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = allowed_methods(request)  # Starlette names those of one route
        headers["Allow"] = ", ".join(allowed)
        message = message.replace("{allowed}", listed(allowed, "or"))
    return JSONResponse(error_body(code, message), error.status_code, headers)


class LastResort:
    """ASGI middleware that logs an unexpected error in one line and responds with status 500.

    Starlette's own handler would re-raise it, and the server would print its traceback.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap ``app``."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call ``app``; respond to an error that it raises."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        started = False

        async def note_start(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, note_start)
        except Exception as error:
            log.error("Request for %s failed: %r", quote(scope["path"]), error)  # noqa: TRY400
            log.debug("Traceback of the failed request", exc_info=True)
            if scope["type"] == "http" and not started:
                body = error_body(_INTERNAL_ERROR, "Internal error; see the server's log.")
                await JSONResponse(body, HTTPStatus.INTERNAL_SERVER_ERROR)(scope, receive, send)
