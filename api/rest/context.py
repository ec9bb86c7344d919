"""What the routes have in common: where they are, what they answer from, how they are described."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Query
from starlette.requests import HTTPConnection

from api.errors import error_body
from api.live.newest import HostState
from api.live.subscription import Live
from api.rest import examples
from api.rest.history import History
from api.rest.readiness import Readiness
from api.rest.responses import ErrorResponse
from api.rest.views import choose_host
from telemetry.rate_limit import RateLimit
from telemetry.settings import Settings

PREFIX = "/api/v1/system"
MAX_TEXT = 256


@dataclass(frozen=True, slots=True)
class Parts:
    """What the routes answer from; ``events`` bounds the events that they accept."""

    settings: Settings
    live: Live
    history: History
    readiness: Readiness
    events: RateLimit

    def host_state(self, requested: str | None) -> HostState:
        """Return the live state of the host to answer about. Raises UnknownHostError."""
        hosts = self.live.newest.hosts
        return hosts[choose_host(requested, self.settings.host_name, hosts)]


async def parts_of(connection: HTTPConnection) -> Parts:
    """Return what ``create_app`` was given."""
    parts: Parts = connection.app.state.parts
    return parts


def documented(example: object, *errors: int, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """Return the responses of an operation that answers ``example``, or one of ``errors``."""
    responses: dict[int | str, dict[str, Any]] = {
        status: {"content": {"application/json": {"example": example}}}
    }
    for error in (*errors, 403, 421):
        content = {"application/json": {"example": error_body(*examples.ERRORS[error])}}
        responses[error] = {"model": ErrorResponse, "content": content}
    return responses


Context = Annotated[Parts, Depends(parts_of)]
Host = Annotated[
    str | None,
    Query(max_length=MAX_TEXT, description="Default: this machine, else the first heard of."),
]

Start = Annotated[
    str | None,
    Query(
        description="ISO 8601, Unix milliseconds, or a distance from now such as -15m, -90s "
        "or -1h. Default: the beginning of what is kept.",
        examples=["-15m"],
    ),
]
End = Annotated[
    str | None, Query(description="As start; exclusive. Default: now.", examples=["-1m"])
]
