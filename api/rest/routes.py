"""The routes for samples, hosts and health."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.requests import Request

from api.parameters import CheckedRoute, NewestRoute
from api.rest import examples
from api.rest.context import PREFIX, Context, End, Host, Start, documented, operation_id
from api.rest.formats import Format, chosen_format
from api.rest.history import build_query, channel_filters, parse_fields, parse_span
from api.rest.prebuilt import newest_response
from api.rest.responses import (
    ErrorDetail,
    GpusResponse,
    HealthResponse,
    HistoryChannel,
    HistoryResponse,
    HostsResponse,
    MetricsResponse,
    NotReadyResponse,
    ReadyResponse,
)
from api.rest.table import csv_chunks
from api.rest.views import (
    gpus_of,
    host_entry,
    metrics_of,
    part_response,
    unreported_host,
)
from telemetry.clock import unix_milliseconds
from telemetry.errors import HistoryUnavailableError
from telemetry.history.port import Aggregate

MAX_POINTS = 5000
MAX_FIELDS = 1000  # characters

router = APIRouter(prefix=PREFIX, tags=["metrics"], route_class=CheckedRoute)
newest = APIRouter(
    prefix=PREFIX,
    tags=["metrics"],
    route_class=NewestRoute,
    generate_unique_id_function=operation_id,
)
health = APIRouter(tags=["health"])


@newest.get(
    "/metrics",
    response_model=MetricsResponse,
    responses=documented(examples.METRICS, 401, 404, 422),
    summary="The newest sample of each channel of a host",
)
async def metrics(request: Request, host: Host = None) -> Response:
    """Return the newest values received from the bus; the history is not queried."""
    return newest_response(request, host, metrics_of)


@newest.get(
    "/gpu",
    response_model=GpusResponse,
    responses=documented(examples.GPUS, 401, 404, 422),
    summary="All GPUs of a host, or the reason why there are none",
)
async def gpu(request: Request, host: Host = None) -> Response:
    """Return the newest values received from the bus; the history is not queried."""
    return newest_response(request, host, gpus_of)


@router.get(
    "/history",
    response_model=HistoryResponse,
    responses=documented(examples.HISTORY, 401, 404, 422, 503, table=examples.HISTORY_CSV),
    summary="A host's samples over time, as columns",
)
async def history(  # noqa: PLR0913, PLR0917 - one argument for each query parameter
    parts: Context,
    request: Request,
    channel: Annotated[
        list[str] | None,
        Query(
            description="Channels, separated by commas; MQTT wildcards are allowed. May be "
            "repeated. Default: all channels.",
            examples=[["system/cpu", "system/gpu/+"]],
        ),
    ] = None,
    channels: Annotated[
        list[str] | None,
        Query(
            description="Another name for `channel`. If both parameters are given, the channels of "
            "both are returned."
        ),
    ] = None,
    start: Start = None,
    end: End = None,
    max_points: Annotated[
        int, Query(ge=1, le=MAX_POINTS, description="Maximum number of timestamps per channel.")
    ] = 360,
    aggregate: Annotated[
        Aggregate, Query(description="How several samples are combined into one point.")
    ] = Aggregate.MEAN,
    fields: Annotated[
        str | None,
        Query(
            max_length=MAX_FIELDS,
            description="Names of fields, separated by commas. The response contains only these "
            "fields, and only channels that have at least one of these fields. A query for only a "
            "few fields is faster. `per_core` selects the values of all cores. Default: all "
            "fields.",
            examples=["utilization,memory_used"],
        ),
    ] = None,
    host: Host = None,
    form: Annotated[
        Format | None,
        Query(
            alias="format",
            description="With `csv`, the response is one table that has a row for each time and "
            "columns such as `system/cpu.utilization`. Default: `csv` if the `Accept` header "
            "prefers `text/csv`, otherwise `json`.",
        ),
    ] = None,
) -> HistoryResponse | Response:
    """If a channel has more than `max_points` samples, combine them into buckets of equal width.

    Data older than `history_hours` has one point per minute, and is kept for `history_days`.
    """
    filters = channel_filters({"channel": channel or (), "channels": channels or ()})
    selected = parse_fields(fields)
    spans = parts.settings.spans
    span = parse_span(start, end, unix_milliseconds(), spans.samples, spans.minutes)
    chosen, stored = await parts.host_and_stored_channels(host, span.start)
    query = build_query(
        chosen,
        stored,
        filters,
        span,
        max_points=max_points,
        aggregate=aggregate,
        fields=selected,
    )
    columns = {} if query is None else await parts.history.read(query)
    if chosen_format(form, request.headers) is Format.CSV:
        chunks = csv_chunks(columns, aggregate)
        return StreamingResponse(chunks, media_type="text/csv", headers={"Vary": "Accept"})
    return HistoryResponse(
        host=chosen,
        start=span.start,
        end=span.end,
        channels={name: HistoryChannel.model_validate(each) for name, each in columns.items()},
    )


@router.get(
    "/hosts",
    responses=documented(examples.HOSTS, 401, 422, 503),
    summary="All known hosts, from the bus or the history",
)
async def hosts(parts: Context) -> HostsResponse:
    """If the history does not respond, the response contains only the hosts on the bus."""
    live = parts.live.newest.hosts
    stored: set[str] = set()
    try:
        stored = set(await parts.history.hosts())
        error = await parts.readiness.history_problem()
    except HistoryUnavailableError as unavailable:
        error = str(unavailable)
    entries = [host_entry(state) for state in live.values()]
    entries += [unreported_host(name) for name in stored - live.keys()]
    return HostsResponse(
        hosts=sorted(entries, key=lambda entry: entry.host),
        history_error=error,
        history_hours=parts.settings.history_hours,
        history_days=parts.settings.history_days,
    )


@health.get("/healthz", responses=documented(examples.HEALTH), summary="Liveness of the process")
async def healthz() -> HealthResponse:
    """Respond immediately, without checking anything."""
    return HealthResponse(status="ok")


@health.get(
    "/readyz",
    response_model=ReadyResponse,
    responses=documented(examples.READY)
    | {
        503: {
            "model": NotReadyResponse,
            "content": {"application/json": {"example": examples.NOT_READY}},
        }
    },
    summary="Readiness of each part",
)
async def readyz(parts: Context) -> ReadyResponse | JSONResponse:
    """Check each part in this process, and whether the history keeps up with the bus."""
    reports = await parts.readiness.reports()
    described = {report.part: part_response(report) for report in reports}
    reasons = dict.fromkeys(report.problem for report in reports if report.problem is not None)
    if not reasons:
        return ReadyResponse(status="ready", parts=described)
    error = ErrorDetail(code="not_ready", message=" ".join(reasons))
    answer = NotReadyResponse(error=error, parts=described)
    return JSONResponse(answer.model_dump(), HTTPStatus.SERVICE_UNAVAILABLE)
