"""Turns errors into JSON responses of the shape that ``api.errors`` describes."""

import logging
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import (
    INTERNAL_ERROR,
    RESPONSES,
    InvalidParameterError,
    RetryLaterError,
    error_body,
    listed,
    quote,
)
from api.methods import allowed_methods
from telemetry.errors import SystemMonitorError

log = logging.getLogger(__name__)

_HTTP_RESPONSES = {
    HTTPStatus.NOT_FOUND: ("not_found", "{path} does not exist; see /api/v1/openapi.json."),
    HTTPStatus.METHOD_NOT_ALLOWED: (
        "method_not_allowed",
        "{method} is not allowed here; use {allowed}.",
    ),
    HTTPStatus.UPGRADE_REQUIRED: (
        "upgrade_required",
        "{path} is a WebSocket; connect with ws:// or wss://.",
    ),
}


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
    if not isinstance(error, RequestValidationError):  # pragma: no cover - always of this class
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
    if not isinstance(error, HTTPException):  # pragma: no cover - always of this class
        raise error
    code, text = _HTTP_RESPONSES.get(
        HTTPStatus(error.status_code), ("http_error", f"{error.detail.rstrip('.')}.")
    )
    message = text.replace("{path}", quote(request.url.path)).replace("{method}", request.method)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = allowed_methods(request)  # Starlette lists the methods of one route only
        headers["Allow"] = ", ".join(allowed)
        message = message.replace("{allowed}", listed(allowed, "or"))
    return JSONResponse(error_body(code, message), error.status_code, headers)


class LastResort:
    """ASGI middleware that logs an unexpected error on one line and responds with status 500.

    Starlette's own handler would re-raise the error, and the server would print a traceback. If a
    response has started, or if the connection is a WebSocket, the error is only logged.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap ``app``."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call ``app``; if it raises, log the error and, if possible, respond with 500."""
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
                body = error_body(INTERNAL_ERROR, "Internal error; see the server's log.")
                await JSONResponse(body, HTTPStatus.INTERNAL_SERVER_ERROR)(scope, receive, send)
