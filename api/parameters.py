"""Rejects query parameters that would otherwise be ignored: unknown and repeated ones."""

import difflib
from collections.abc import Collection

from starlette.datastructures import QueryParams
from starlette.requests import Request

from api.errors import InvalidParameterError, UnknownParameterError
from api.live.filters import CHANNEL_PARAMETERS


def require_known(given: QueryParams, known: Collection[str]) -> None:
    """Raise InvalidParameterError if a parameter is not ``known``, or is given twice.

    Only those that choose channels may be repeated.
    """
    for name in given:
        if name not in known:
            nearest = difflib.get_close_matches(name.lower(), known, n=1)
            raise UnknownParameterError(name, nearest, list(known))
        values = given.getlist(name)
        if len(values) > 1 and name not in CHANNEL_PARAMETERS:
            raise InvalidParameterError(name, values[1], "it may be given only once")


async def known_parameters(request: Request) -> None:
    """Reject, as a dependency, parameters that the route lacks. Raises InvalidParameterError."""
    route = request.scope["route"]
    require_known(request.query_params, [each.alias for each in route.dependant.query_params])
