"""The REST interface."""

import time
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.requests import HTTPConnection

from api import examples
from api.errors import NotReady, error_body
from api.filters import EVERYTHING
from api.history import History, build_query, channel_filters, parse_span
from api.live import Live
from api.newest import HostState
from api.responses import (
    ErrorResponse,
    GpusResponse,
    HealthResponse,
    HistoryChannel,
    HistoryResponse,
    HostResponse,
    HostsResponse,
    MetricsResponse,
    ReadyResponse,
)
from api.views import choose_host, gpus_of, host_entry, metrics_of, unheard_host
from telemetry.errors import HistoryUnavailable
from telemetry.history.port import Aggregate
from telemetry.settings import Settings

PREFIX = "/api/v1/system"
MAX_POINTS = 5000
_MAX_TEXT = 256
_UNAUTHORIZED = (401, 429)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the routes answer from."""

    settings: Settings
    live: Live
    history: History

    def host_state(self, requested: str | None) -> HostState:
        """Return the live state of the host to answer about. Raises UnknownHost."""
        hosts = self.live.newest.hosts
        return hosts[choose_host(requested, self.settings.host_name, hosts)]


async def parts_of(connection: HTTPConnection) -> Parts:
    """Return what ``create_app`` was given."""
    parts: Parts = connection.app.state.parts
    return parts


def _documented(example: object, *errors: int) -> dict[int | str, dict[str, Any]]:
    documented: dict[int | str, dict[str, Any]] = {
        200: {"content": {"application/json": {"example": example}}}
    }
    for status in (*errors, 403, 421):
        content = {"application/json": {"example": error_body(*examples.ERRORS[status])}}
        documented[status] = {"model": ErrorResponse, "content": content}
    return documented


def _now() -> int:
    return time.time_ns() // 1_000_000


Context = Annotated[Parts, Depends(parts_of)]
Host = Annotated[
    str | None,
    Query(max_length=_MAX_TEXT, description="Default: this machine, else the first heard of."),
]

router = APIRouter(prefix=PREFIX, tags=["metrics"])
health = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    response_model=MetricsResponse,
    responses=_documented(examples.METRICS, *_UNAUTHORIZED, 404, 422),
    summary="The newest sample of every family of a host",
)
async def metrics(parts: Context, host: Host = None) -> HostResponse:
    """Answer from what has arrived on the bus; the history is not asked."""
    return metrics_of(parts.host_state(host), _now())


@router.get(
    "/gpu",
    responses=_documented(examples.GPUS, *_UNAUTHORIZED, 404, 422),
    summary="All GPUs of a host, or why there is none",
)
async def gpu(parts: Context, host: Host = None) -> GpusResponse:
    """Answer from what has arrived on the bus; the history is not asked."""
    return gpus_of(parts.host_state(host), _now())


@router.get(
    "/history",
    responses=_documented(examples.HISTORY, *_UNAUTHORIZED, 404, 422, 503),
    summary="A host's samples over time, in columns",
)
async def history(
    parts: Context,
    channel: Annotated[
        list[str] | None,
        Query(
            description="A channel; may be repeated and hold MQTT wildcards. Default: all.",
            examples=[["system/cpu", "system/gpu/+"]],
        ),
    ] = None,
    start: Annotated[
        str | None,
        Query(
            description="ISO 8601, Unix milliseconds, or a distance from now such as -15m, -90s "
            "or -1h. Default: the beginning of the window.",
            examples=["-15m"],
        ),
    ] = None,
    end: Annotated[
        str | None, Query(description="As start; exclusive. Default: now.", examples=["-1m"])
    ] = None,
    max_points: Annotated[
        int, Query(ge=1, le=MAX_POINTS, description="At most so many timestamps a channel.")
    ] = 360,
    aggregate: Annotated[
        Aggregate, Query(description="How several samples become one point.")
    ] = Aggregate.MEAN,
    host: Host = None,
) -> HistoryResponse:
    """Aggregate over buckets of equal width where there are more samples than points."""
    filters = channel_filters([EVERYTHING] if channel is None else channel)
    span = parse_span(start, end, _now(), parts.settings.window)
    stored = await parts.history.channels()
    known = dict.fromkeys([*parts.live.newest.hosts, *stored])
    chosen = choose_host(host, parts.settings.host_name, known)
    query = build_query(
        chosen,
        stored.get(chosen, ()),
        filters,
        span,
        max_points=max_points,
        aggregate=aggregate,
    )
    columns = {} if query is None else await parts.history.read(query)
    return HistoryResponse(
        host=chosen,
        start=span.start,
        end=span.end,
        channels={name: HistoryChannel.model_validate(each) for name, each in columns.items()},
    )


@router.get(
    "/hosts",
    responses=_documented(examples.HOSTS, *_UNAUTHORIZED),
    summary="All hosts heard of, live or in the history",
)
async def hosts(parts: Context) -> HostsResponse:
    """List the live hosts although the history may not answer."""
    live = parts.live.newest.hosts
    error = None
    stored: set[str] = set()
    try:
        stored = set(await parts.history.channels())
    except HistoryUnavailable as unavailable:
        error = str(unavailable)
    entries = [host_entry(state) for state in live.values()]
    entries += [unheard_host(name) for name in stored - live.keys()]
    return HostsResponse(hosts=sorted(entries, key=lambda entry: entry.host), history_error=error)


@health.get("/healthz", responses=_documented(examples.HEALTH), summary="Does the process answer?")
async def healthz() -> HealthResponse:
    """Answer, and look at nothing."""
    return HealthResponse(status="ok")


@health.get("/readyz", responses=_documented(examples.READY, 503), summary="Can it do its work?")
async def readyz(parts: Context) -> ReadyResponse:
    """Ask the broker's connection and the history."""
    reasons = []
    if not parts.live.connected:
        reasons.append(f"The MQTT broker at {parts.live.broker.masked()} is not connected.")
    try:
        await parts.history.ping()
    except HistoryUnavailable as error:
        reasons.append(str(error))
    if reasons:
        raise NotReady(" ".join(reasons))
    return ReadyResponse(status="ready")
