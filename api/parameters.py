"""Rejects unknown and repeated query parameters, which would otherwise be ignored."""

import difflib
from collections.abc import Callable, Collection, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.errors import InvalidParameterError, UnknownParameterError
from api.live.filters import CHANNEL_PARAMETERS


def require_known(given: QueryParams, known: Collection[str]) -> None:
    """Raise InvalidParameterError if a parameter is not in ``known`` or is repeated.

    Only parameters that choose channels may be repeated.
    """
    for name in given:
        if name not in known:
            nearest = difflib.get_close_matches(name.lower(), known, n=1)
            raise UnknownParameterError(name, nearest, list(known))
        values = given.getlist(name)
        if len(values) > 1 and name not in CHANNEL_PARAMETERS:
            raise InvalidParameterError(name, values[1], "it may be given only once")


class CheckedRoute(APIRoute):
    """A route that rejects unknown and repeated query parameters."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return a handler that first checks the query parameters."""
        handle = super().get_route_handler()
        known = [each.alias for each in self.dependant.query_params]

        async def check_and_handle(request: Request) -> Response:
            require_known(request.query_params, known)
            return await handle(request)

        return check_and_handle


class NewestRoute(CheckedRoute):
    """A route that calls its endpoint without FastAPI if the request has no query string.

    This is faster, because FastAPI's parameter handling takes longer than the endpoint itself.
    The request must be the only argument that the endpoint requires.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond; the application's error handlers handle the errors that the endpoint raises."""
        if scope["query_string"] or scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
        else:
            response: Response = await self.endpoint(Request(scope))
            await response(scope, receive, send)
