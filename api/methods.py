"""Answers HEAD requests like GET requests, and finds the methods that a path supports."""

from starlette.requests import Request
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

_METHODS = ("GET", "POST")  # all methods of all routes


class Head:
    """ASGI middleware that answers a HEAD request with the headers of a GET response.

    The server still sees a HEAD request, so it sends no body.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap ``app``."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a HEAD request on as a GET request."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}  # a copy: the server still needs HEAD
        await self._app(scope, receive, send)


def allowed_methods(request: Request) -> list[str]:
    """Return the methods that the path of ``request`` supports."""
    found = [method for method in _METHODS if _exists(request, method)]
    return ["GET", "HEAD", *found[1:]] if "GET" in found else found


def _exists(request: Request, method: str) -> bool:
    scope = {**request.scope, "method": method}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.router.routes)
