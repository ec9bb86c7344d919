"""Lets in who has the token or a session; everybody else is answered here."""

import base64
import binascii
from http import HTTPStatus

from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import error_body
from api.serving.access.sessions import Sessions
from api.serving.access.throttle import Throttle

# Whoever watches the watcher need not log in, nor who is about to.
_OPEN = {"/healthz", "/icon.svg", "/login", "/login.css", "/login.js", "/logout", "/session"}
_WITHOUT_DETAILS = "/readyz"
_PAGES = {"/", "/index.html"}
CHALLENGE = 'Bearer realm="System Monitor"'
_BEARER_PROTOCOL = "bearer."

NOT_SHOWN = "This asks for the token: send `Authorization: Bearer …`, or log in at /login."
NOT_RIGHT = "This is not the token."
LATER = "Too many wrong tokens came from this address: try again later, or with the right one."


class Gate:
    """ASGI middleware in front of everything that needs the token.

    The token comes as ``Authorization: Bearer …``, or for a WebSocket from a script that cannot
    set headers as the subprotocol ``bearer.`` + base64url of the token, beside the subprotocol
    ``system-monitor``. A session comes as a cookie. Neither is ever looked for in the address.
    """

    def __init__(self, app: ASGIApp, *, sessions: Sessions, throttle: Throttle) -> None:
        """Stand in front of ``app``."""
        self._app = app
        self._sessions = sessions
        self._throttle = throttle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve who may come in, and say to others how they may."""
        if scope["type"] == "lifespan" or scope["path"] in _OPEN:
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        if self._has_session(connection):
            await self._app(scope, receive, send)
            return
        given = _token(connection)
        if given is not None and self._sessions.is_token(given):
            await self._app(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == _WITHOUT_DETAILS:
            await self._app(scope, receive, _without_details(send))
        else:
            refusal = await self._refusal(connection, given)
            await refusal(scope, receive, send)

    def _has_session(self, connection: HTTPConnection) -> bool:
        cookie = connection.cookies.get(self._sessions.cookie)
        return cookie is not None and self._sessions.holds(cookie)

    async def _refusal(self, connection: HTTPConnection, given: str | None) -> Response:
        if given is None:
            if connection.scope["type"] == "http" and connection.scope["path"] in _PAGES:
                # Relative, for behind a proxy this may not be the root. Browsers keep the fragment.
                return RedirectResponse("./login", HTTPStatus.SEE_OTHER)
            return _unauthorized(NOT_SHOWN, CHALLENGE)
        client = connection.client
        wait = await self._throttle.punish(client.host if client else "")
        if wait is None:
            return _unauthorized(NOT_RIGHT, f'{CHALLENGE}, error="invalid_token"')
        return JSONResponse(
            error_body("too_many_tries", LATER),
            HTTPStatus.TOO_MANY_REQUESTS,
            {"Retry-After": str(wait)},
        )


def _unauthorized(message: str, challenge: str) -> JSONResponse:
    body = error_body("unauthorized", message)
    return JSONResponse(body, HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": challenge})


def _token(connection: HTTPConnection) -> str | None:
    """Return the token that ``connection`` shows, right or wrong; None if it shows none."""
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
    """Let a stranger learn whether the service is ready, and nothing else."""
    status = HTTPStatus.OK

    async def send_status_only(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = HTTPStatus(message["status"])
        elif message["type"] == "http.response.body" and not message.get("more_body", False):
            body = {"status": "ready"}
            if status is not HTTPStatus.OK:
                body = error_body("not_ready", "It is not ready; with the token this says why.")
            await JSONResponse(body, status)({"type": "http"}, _nothing, send)

    return send_status_only


async def _nothing() -> Message:
    return {"type": "http.disconnect"}
