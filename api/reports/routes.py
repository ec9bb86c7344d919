"""The route that returns a run's report."""

import asyncio
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response

from api.errors import UnknownRunError, quote
from api.parameters import CheckedRoute
from api.reports.build import MEAN_FIELDS, PEAK_FIELDS, Material, build, channels_of
from api.reports.content import Report
from api.reports.responses import ChartEntry, NoticeEntry, ReportResponse, ThrottlingEntry
from api.rest import examples
from api.rest.context import PREFIX, Context, Parts, documented
from api.rest.responses import AnnotationEntry
from api.runs.responses import RunEntry
from api.runs.routes import Identity, OfHost, find_run
from api.runs.run import Run, RunState
from telemetry.catalogue import ANNOTATION, FINDING
from telemetry.clock import unix_milliseconds
from telemetry.history import port

_POINTS = 480
_EVENTS = 2000
# Findings are read up to this many milliseconds after the end of the run, because the readings then
# may show why the run ended, for example that the kernel killed a process.
_SOON = 10_000

router = APIRouter(prefix=PREFIX, tags=["runs"], route_class=CheckedRoute)


class ReportFormat(StrEnum):
    """The format of a report."""

    HTML = "html"
    JSON = "json"


def _documented() -> dict[int | str, dict[str, Any]]:
    responses = documented(examples.REPORT, 401, 404, 409, 422, 503)
    page = {"schema": {"type": "string"}, "example": "<!doctype html>…"}
    responses[HTTPStatus.OK]["content"]["text/html"] = page
    return responses


@router.get(
    "/runs/{identity}/report",
    response_model=ReportResponse,
    responses=_documented(),
    summary="What happened during a run, as one HTML file or as JSON",
)
async def report(
    parts: Context,
    identity: Identity,
    host: OfHost = None,
    format: Annotated[  # noqa: A002 - the name of the parameter
        ReportFormat,
        Query(
            description="html: one HTML file that loads no other files; json: the report's data."
        ),
    ] = ReportFormat.HTML,
    ended: Annotated[  # noqa: FBT002 - a query parameter
        bool, Query(description="If true, return 404 until the end of the run is known.")
    ] = False,
) -> Response | ReportResponse:
    """Return the run's summary, charts, annotations and findings, and how the run ended."""
    run = await find_run(parts, identity, host)
    if ended and run.state is not RunState.ENDED:
        raise UnknownRunError(f"The end of run {quote(identity)} is not known yet.")
    now, spans = unix_milliseconds(), parts.settings.spans
    # A time from the bus may be any number; the history stores no data outside these limits.
    end = max(now - spans.events, min(_end(parts, run, now), now + spans.samples))
    start = max(now - 2 * spans.events, min(run.started, end - 1000))
    material = await _material(parts, run, start, end)
    made = build(run, start, end, material)
    if format is ReportFormat.JSON:
        return _response(made)
    zone = datetime.now(UTC).astimezone().tzinfo or UTC
    return await asyncio.to_thread(_page, made, zone, now)


def _page(report: Report, zone: tzinfo, now: int) -> HTMLResponse:
    from api.reports.page import POLICY, render  # noqa: PLC0415 - only if it is needed

    headers = {"Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'"}
    return HTMLResponse(render(report, zone, now), headers=headers)


def _end(parts: Parts, run: Run, now: int) -> int:
    """Return when the charts end.

    If the end of the run is known, the charts end with the run. The charts of a lost run end at the
    host's newest sample if that sample is between the start of the run and the current time. In all
    other cases, the charts end at the current time.
    """
    if run.ended is not None:
        return run.ended
    host = parts.live.newest.hosts.get(run.key.host)
    if run.state is RunState.LOST and host is not None and run.started < host.timestamp < now:
        return host.timestamp
    return now


async def _material(parts: Parts, run: Run, start: int, end: int) -> Material:
    """Read a report's data from the history. Raises HistoryUnavailableError."""
    history, host = parts.history, run.key.host
    query = port.Query(host, channels_of(run), start, end, _POINTS, fields=MEAN_FIELDS)
    highest = port.Query(
        host, channels_of(run), start, end, _POINTS, port.Aggregate.MAX, PEAK_FIELDS
    )
    first = unix_milliseconds() - parts.settings.spans.events
    means, peaks, annotations, findings = await asyncio.gather(
        history.read(query),
        history.read(highest),
        history.events(port.EventQuery(ANNOTATION, start, end, host, _EVENTS)),
        history.events(port.EventQuery(FINDING, first, end + _SOON, host, _EVENTS)),
    )
    return Material(means, peaks, annotations, findings)


def _response(made: Report) -> ReportResponse:
    return ReportResponse(
        run=RunEntry.model_validate(made.run.body()),
        start=made.start,
        end=made.end,
        charts=[ChartEntry.model_validate(each) for each in made.charts],
        annotations=[AnnotationEntry.model_validate(each.body()) for each in made.annotations],
        notices=[NoticeEntry.model_validate(each) for each in made.notices],
        throttling=[ThrottlingEntry.model_validate(each) for each in made.throttling],
    )
