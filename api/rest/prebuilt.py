"""Builds responses with the newest values, and reuses each response for all clients."""

from collections.abc import Callable
from functools import cached_property, lru_cache

from fastapi.responses import Response
from pydantic import BaseModel
from starlette.requests import Request

from api.live.newest import HostState
from api.rest.responses import HostResponse
from api.serving.compression import LEAST_BYTES, accepts_gzip, compressed
from telemetry.clock import unix_milliseconds

_RESOLUTION = 100  # ms: how long a response is reused; a reading may appear this much too young
_KEPT = 16

Build = Callable[[HostState, int], HostResponse]


class Prebuilt:
    """A response whose JSON is built only once for all clients.

    The response is also compressed only once, for the first client that accepts gzip.
    """

    def __init__(self, model: BaseModel) -> None:
        """Build the JSON of ``model``."""
        self._plain = Response(model.model_dump_json(), media_type="application/json")

    @cached_property
    def _packed(self) -> Response:
        headers = {"Content-Encoding": "gzip"}
        body = compressed(bytes(self._plain.body))
        return Response(body, headers=headers, media_type="application/json")

    def response_to(self, request: Request) -> Response:
        """Return the response, compressed if that is worthwhile and the client accepts gzip."""
        is_small = len(self._plain.body) < LEAST_BYTES
        return self._plain if is_small or not accepts_gzip(request.headers) else self._packed


def newest_response(request: Request, host: str | None, build: Build) -> Response:
    """Return the response that ``build`` creates from the state of ``host`` and the current time.

    The response is reused until the values change, but for at most 0.1 s, because it contains the
    age of each reading.
    """
    state: HostState = request.app.state.parts.host_state(host)
    tenth = unix_milliseconds() // _RESOLUTION
    return _prebuilt(build, state, state.changes, tenth).response_to(request)


@lru_cache(maxsize=_KEPT)
def _prebuilt(build: Build, state: HostState, _changes: int, _tenth: int) -> Prebuilt:
    return Prebuilt(build(state, unix_milliseconds()))
