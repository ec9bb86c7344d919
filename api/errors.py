"""What the API answers when something is wrong: one JSON shape, one table.

``{"error": {"code": "unknown_host", "message": "One sentence."}}``
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
    """No host of that name has been heard of."""


class InvalidParameterError(SystemMonitorError):
    """A parameter's value cannot be used."""

    def __init__(self, name: str, value: object, allowed: str) -> None:
        """Say what is wrong; ``allowed`` ends a sentence that begins with name and value."""
        super().__init__(f"{name}={quote(value)} is not allowed: {allowed}.")


class ReadOnlyError(SystemMonitorError):
    """The settings forbid requests that write."""


class BodyTooLargeError(SystemMonitorError):
    """A request's body exceeds its limit."""


class TooManyEventsError(SystemMonitorError):
    """Events come faster than they are accepted; ``wait`` are the seconds to wait."""

    def __init__(self, sentence: str, wait: int) -> None:
        """Keep how long to wait."""
        super().__init__(sentence)
        self.wait = wait


class PageNotBuiltError(SystemMonitorError):
    """The files of the dashboard are not there."""


# The one place that says which error is which answer; the most special class comes first.
ANSWERS: Mapping[type[SystemMonitorError], tuple[HTTPStatus, str]] = {
    UnknownHostError: (HTTPStatus.NOT_FOUND, "unknown_host"),
    InvalidParameterError: (HTTPStatus.UNPROCESSABLE_ENTITY, "wrong_parameter"),
    ReadOnlyError: (HTTPStatus.FORBIDDEN, "read_only"),
    BodyTooLargeError: (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large"),
    TooManyEventsError: (HTTPStatus.TOO_MANY_REQUESTS, "too_many_events"),
    BusUnavailableError: (HTTPStatus.SERVICE_UNAVAILABLE, "broker_unavailable"),
    PageNotBuiltError: (HTTPStatus.SERVICE_UNAVAILABLE, "page_not_built"),
    HistoryUnavailableError: (HTTPStatus.SERVICE_UNAVAILABLE, "history_unavailable"),
    HistoryError: (HTTPStatus.BAD_GATEWAY, "history_error"),
    SystemMonitorError: (HTTPStatus.INTERNAL_SERVER_ERROR, _INTERNAL_ERROR),
}

_HTTP_ANSWERS = {
    HTTPStatus.NOT_FOUND: ("not_found", "There is nothing at {path}; see / for what there is."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_not_allowed", "{method} is not allowed here; use GET."),
    HTTPStatus.UPGRADE_REQUIRED: ("upgrade_required", "{path} is a WebSocket; connect with ws://."),
}


def quote(value: object) -> str:
    """Return ``value`` as plain ASCII in quotes, cut where it is long."""
    text = ascii(value if isinstance(value, str) else str(value))
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…'"


def error_body(code: str, message: str) -> dict[str, Any]:
    """Return the JSON that each error has."""
    return {"error": {"code": code, "message": message}}


def install_error_handlers(app: FastAPI) -> None:
    """Make every error of ``app`` answer in the one shape."""
    app.add_exception_handler(SystemMonitorError, _answer_own_error)
    app.add_exception_handler(RequestValidationError, _answer_wrong_parameter)
    app.add_exception_handler(HTTPException, _answer_http_error)


async def _answer_own_error(_request: Request, error: Exception) -> JSONResponse:
    status, code = next(answer for kind, answer in ANSWERS.items() if isinstance(error, kind))
    headers = {"Retry-After": str(error.wait)} if isinstance(error, TooManyEventsError) else None
    return JSONResponse(error_body(code, str(error)), status, headers)


async def _answer_wrong_parameter(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):  # pragma: no cover - never registered so
        raise error
    first = error.errors()[0]
    name = str(first["loc"][1]) if len(first["loc"]) > 1 else "request"
    allowed = str(first["msg"]).replace("Input should", "it must", 1)
    allowed = allowed[0].lower() + allowed[1:]
    return await _answer_own_error(
        request, InvalidParameterError(name, first.get("input"), allowed)
    )


async def _answer_http_error(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):  # pragma: no cover - never registered so
        raise error
    code, text = _HTTP_ANSWERS.get(
        HTTPStatus(error.status_code), ("http_error", f"{error.detail.rstrip('.')}.")
    )
    message = text.replace("{path}", quote(request.url.path)).replace("{method}", request.method)
    return JSONResponse(error_body(code, message), error.status_code, error.headers)


class LastResort:
    """ASGI middleware: an error that nobody foresaw is logged in one line and answered.

    Starlette's own handler would raise it again, and the server would print its traceback.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Guard ``app``."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, and turn what ``app`` raises into an answer."""
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
            log.error("A request for %s failed: %r", quote(scope["path"]), error)  # noqa: TRY400
            log.debug("The request's traceback", exc_info=True)
            if scope["type"] == "http" and not started:
                body = error_body(_INTERNAL_ERROR, "This request met a bug; see the server's log.")
                await JSONResponse(body, HTTPStatus.INTERNAL_SERVER_ERROR)(scope, receive, send)
