"""Responses about a host's newest values, built at most ten times a second."""

from collections.abc import Callable
from functools import cached_property, lru_cache

from fastapi.responses import Response
from pydantic import BaseModel
from starlette.requests import Request

from api.live.newest import HostState
from api.rest.responses import HostResponse
from api.serving.compression import LEAST_BYTES, accepts_gzip, compressed
from telemetry.clock import unix_milliseconds

_RESOLUTION = 100  # ms: by how much a reading may appear too young
_KEPT = 16

Build = Callable[[HostState, int], HostResponse]


class Body:
    """The JSON of a response, and its compressed form, created once a client accepts it."""

    def __init__(self, response: BaseModel) -> None:
        """Make the JSON of ``response``."""
        self.plain = response.model_dump_json().encode()

    @cached_property
    def packed(self) -> bytes:
        """The compressed form."""
        return compressed(self.plain)


def newest_response(request: Request, host: str | None, build: Build) -> Response:
    """Return the response that ``build`` creates from the state of ``host`` and the time.

    It is built again for the first request after the values have changed or a tenth of a second has
    passed: the age of a reading, and whether it is stale, depend on the time.
    """
    state: HostState = request.app.state.parts.host_state(host)
    return body_response(
        request, _body(build, state, state.changes, unix_milliseconds() // _RESOLUTION)
    )


def body_response(request: Request, body: Body) -> Response:
    """Return ``body``, compressed if the client accepts it."""
    if len(body.plain) < LEAST_BYTES or not accepts_gzip(request.headers):
        return Response(body.plain, media_type="application/json")
    headers = {"Content-Encoding": "gzip"}
    return Response(body.packed, headers=headers, media_type="application/json")


@lru_cache(maxsize=_KEPT)
def _body(build: Build, state: HostState, _changes: int, _tenth: int) -> Body:
    return Body(build(state, unix_milliseconds()))
