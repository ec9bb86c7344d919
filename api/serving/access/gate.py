"""Refuses requests that need the token but have neither the token nor a valid session."""

import base64
import binascii
from http import HTTPStatus

from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import error_body
from api.serving.access.sessions import Sessions
from api.serving.access.wrong_tokens import WrongTokens

# Health checks, the log-in page and its files do not need the token.
_OPEN = {"/healthz", "/icon.svg", "/login", "/login.css", "/login.js", "/logout", "/session"}
_WITHOUT_DETAILS = "/readyz"
_PAGES = {"/", "/index.html"}
CHALLENGE = 'Bearer realm="System Monitor"'
_BEARER_PROTOCOL = "bearer."

REQUIRED = "Token required: send `Authorization: Bearer …`, or log in at /login."
INVALID = "Invalid token."


class Gate:
    """ASGI middleware that requires the token or a session, except for a few public paths.

    The token is sent as ``Authorization: Bearer …``. A WebSocket client that cannot set headers
    offers two subprotocols: ``system-monitor``, and ``bearer.`` followed by the token in base64url.
    A session is sent as a cookie. Neither a token nor a session is accepted in the URL.
    """

    def __init__(self, app: ASGIApp, *, sessions: Sessions, wrong_tokens: WrongTokens) -> None:
        """Guard ``app``."""
        self._app = app
        self._sessions = sessions
        self._wrong_tokens = wrong_tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request that is authorized or needs no token; refuse any other."""
        if scope["type"] == "lifespan" or scope["path"] in _OPEN:
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        given = _token(connection)
        is_right = given is not None and self._sessions.is_token(given)
        if is_right or self._has_session(connection):
            await self._app(scope, receive, send)
            return
        if given is not None:
            self._wrong_tokens.note(connection.client.host if connection.client else "")
        if scope["type"] == "http" and scope["path"] == _WITHOUT_DETAILS:
            await self._app(scope, receive, _without_details(send))
        else:
            await _refusal(connection, given)(scope, receive, send)

    def _has_session(self, connection: HTTPConnection) -> bool:
        cookie = connection.cookies.get(self._sessions.cookie)
        return cookie is not None and self._sessions.is_valid(cookie)


def _refusal(connection: HTTPConnection, given: str | None) -> Response:
    if given is not None:
        return _unauthorized(INVALID, f'{CHALLENGE}, error="invalid_token"')
    if connection.scope["type"] == "http" and connection.scope["path"] in _PAGES:
        # The URL is relative, because a proxy may serve the page under a path. Browsers keep the
        # fragment of the URL when they follow the redirect.
        return RedirectResponse("./login", HTTPStatus.SEE_OTHER)
    return _unauthorized(REQUIRED, CHALLENGE)


def _unauthorized(message: str, challenge: str) -> JSONResponse:
    body = error_body("unauthorized", message)
    return JSONResponse(body, HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": challenge})


def _token(connection: HTTPConnection) -> str | None:
    """Return the token that ``connection`` sends, right or wrong; None if there is none."""
    for header in connection.headers.getlist("authorization"):
        scheme, _, token = header.partition(" ")
        if scheme.lower() == "bearer":
            return token.strip()
    for protocol in connection.scope.get("subprotocols", ()):
        if protocol.startswith(_BEARER_PROTOCOL):
            return _decoded(protocol.removeprefix(_BEARER_PROTOCOL))
    return None


def _decoded(text: str) -> str:
    try:
        padded = text + "=" * (-len(text) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def _without_details(send: Send) -> Send:
    """Return a ``send`` function that sends only whether the service is ready."""
    status = HTTPStatus.OK

    async def send_status_only(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = HTTPStatus(message["status"])
        elif message["type"] == "http.response.body" and not message.get("more_body", False):
            body = {"status": "ready"}
            if status is not HTTPStatus.OK:
                body = error_body("not_ready", "Not ready. Send the token to see the reason.")
            await JSONResponse(body, status)({"type": "http"}, _nothing, send)

    return send_status_only


async def _nothing() -> Message:
    return {"type": "http.disconnect"}
