"""The path prefix, dependencies, parameters and documented responses that all routes share."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Query
from fastapi.routing import APIRoute
from starlette.requests import HTTPConnection

from api.errors import error_body
from api.live.newest import HostState
from api.live.subscription import Subscription
from api.recordings.folder import RecordingFolder
from api.rest import examples
from api.rest.history import History
from api.rest.readiness import Readiness
from api.rest.responses import ErrorResponse
from api.rest.views import choose_host
from api.runs.ends import RecentEnds
from telemetry.rate_limit import RateLimit
from telemetry.settings import Settings

PREFIX = "/api/v1/system"
MAX_TEXT = 256


@dataclass(frozen=True, slots=True)
class Parts:
    """The dependencies of the routes.

    ``events`` limits the rate of accepted events. ``recordings`` is the folder of saved
    recordings. ``ends`` holds the runs that have just ended. The lock ``scrapes`` ensures
    that responses to Prometheus are built one at a time: with many hosts, each takes tenths of a
    second of CPU time.
    """

    settings: Settings
    live: Subscription
    history: History
    readiness: Readiness
    events: RateLimit
    recordings: RecordingFolder
    ends: RecentEnds
    scrapes: asyncio.Lock = field(default_factory=asyncio.Lock)

    def host_state(self, requested: str | None) -> HostState:
        """Return the live state of the selected host. Raises UnknownHostError."""
        hosts = self.live.newest.hosts
        return hosts[choose_host(requested, self.settings.host_name, hosts)]

    async def host_and_stored_channels(
        self, requested: str | None, start: int
    ) -> tuple[str, Sequence[str]]:
        """Return the selected host, and its channels with data in the history since ``start``.

        ``requested`` is the name of the host to select. If it is None, this machine is selected, or
        the first host found if this machine is neither on the bus nor in the history. The history's
        list of hosts is read only if it is needed to select the host.

        Raises UnknownHostError or HistoryUnavailableError.
        """
        live, preferred = self.live.newest.hosts, self.settings.host_name
        host = preferred if requested is None else requested
        stored = await self.history.channels(host, start)
        if stored or host in live:
            return host, stored
        known = dict.fromkeys([*live, *await self.history.hosts(start)])
        host = choose_host(requested, preferred, known)
        return host, await self.history.channels(host, start)


async def parts_of(connection: HTTPConnection) -> Parts:
    """Return the dependencies that ``create_app`` stored."""
    parts: Parts = connection.app.state.parts
    return parts


def documented(
    example: object, *errors: int, status: int = 200, table: str | None = None
) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of an operation, with an example of each.

    ``example`` is an example response with the code ``status``; ``table`` is the same response as
    CSV, if the operation supports CSV. ``errors`` are the operation's error codes, except 403
    and 421, which are added to every operation.
    """
    contents: dict[str, dict[str, Any]] = {"application/json": {"example": example}}
    if table is not None:
        contents["text/csv"] = {"schema": {"type": "string"}, "example": table}
    responses: dict[int | str, dict[str, Any]] = {status: {"content": contents}}
    for error in (*errors, 403, 421):
        content = {"application/json": {"example": error_body(*examples.ERRORS[error])}}
        responses[error] = {"model": ErrorResponse, "content": content}
    return responses


def operation_id(route: APIRoute) -> str:
    """Return the name that generated clients give to an operation, such as ``get_history``."""
    return f"{min(route.methods or ()).lower()}_{route.name}"


Context = Annotated[Parts, Depends(parts_of)]
Host = Annotated[
    str | None,
    Query(
        max_length=MAX_TEXT,
        description="Default: the API's own host if it is known, else the first known host.",
    ),
]

Start = Annotated[
    str | None,
    Query(
        description="Start of the time span: a time in ISO 8601; Unix seconds or milliseconds (a "
        "number below 10^11 is in seconds); or an offset from now such as -15m, -90s or -1h. "
        "Default: `history_hours` ago in `/history`; no limit in the other routes.",
        examples=["-15m"],
    ),
]
End = Annotated[
    str | None,
    Query(
        description="End of the time span, exclusive, in the same formats as `start`. "
        "Default: now.",
        examples=["-1m"],
    ),
]
