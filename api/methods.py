"""Request methods: answers HEAD as GET, and a wrong method with a list of the supported methods."""

from starlette.requests import Request
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

_METHODS = ("GET", "POST")  # of all routes


class Head:
    """ASGI middleware: answers HEAD wherever GET is answered, with the same headers.

    The server knows the real method, and sends no body.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap ``app``."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a HEAD request on as a GET request."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}  # a copy: the server reads its own
        await self._app(scope, receive, send)


def allowed_methods(request: Request) -> list[str]:
    """Return the methods of the path of ``request``."""
    found = [method for method in _METHODS if _exists(request, method)]
    return ["GET", "HEAD", *found[1:]] if "GET" in found else found


def _exists(request: Request, method: str) -> bool:
    scope = {**request.scope, "method": method}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.router.routes)
