"""The routes for runs."""

import time
from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.errors import AmbiguousRunError, UnknownRunError, quote
from api.parameters import CheckedRoute
from api.rest import examples
from api.rest.context import MAX_TEXT, PREFIX, Context, End, Parts, Start, documented
from api.rest.history import Span, parse_span
from api.runs.listing import Wanted, list_runs
from api.runs.responses import RunEntry, RunsResponse
from api.runs.run import Live, Run, RunState
from telemetry.catalogue import RUN
from telemetry.clock import unix_milliseconds
from telemetry.history.port import EventQuery

MAX_RUNS = 1000

router = APIRouter(prefix=PREFIX, tags=["runs"], route_class=CheckedRoute)

Identity = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.-]{1,64}$", description="The id of the run.")]
OfHost = Annotated[
    str | None,
    Query(
        max_length=MAX_TEXT,
        description="The host of the run. Required if several hosts have a run with this id.",
    ),
]


@router.get(
    "/runs",
    responses=documented(examples.RUNS, 401, 422, 503),
    summary="Runs, newest first",
)
async def runs(  # noqa: PLR0913, PLR0917 - one argument for each query parameter
    parts: Context,
    start: Start = None,
    end: End = None,
    host: Annotated[
        str | None, Query(max_length=MAX_TEXT, description="Only runs on this host.")
    ] = None,
    user: Annotated[
        str | None, Query(max_length=MAX_TEXT, description="Only runs of this user.")
    ] = None,
    tag: Annotated[
        str | None, Query(max_length=MAX_TEXT, description="Only runs that have this tag.")
    ] = None,
    name: Annotated[
        str | None, Query(max_length=MAX_TEXT, description="Only runs with this name.")
    ] = None,
    state: Annotated[RunState | None, Query(description="Only runs in this state.")] = None,
    limit: Annotated[
        int,
        Query(
            ge=1,
            le=MAX_RUNS,
            description="Maximum number of runs. The response may contain more runs, because runs "
            "that began in the same millisecond are always returned together.",
        ),
    ] = 100,
) -> RunsResponse:
    """List the runs that began between `start` and `end` and are under way or in the history.

    The history keeps runs for `history_days`, or for `history_hours` if that is longer. To get the
    next page, set `end` to the value of `next` in the response.
    """
    now = unix_milliseconds()
    span = parse_span(start, end, now, parts.settings.spans.events)
    kept = _kept(parts, now)
    first = 0 if start is None else span.start  # a run under way may have begun long ago
    last = kept.end if end is None else span.end  # the clocks of other hosts may be fast
    wanted = Wanted(first, last, limit, host, user, tag, name, state)
    page = await list_runs(parts.history.events, _live(parts), wanted, kept)
    found = [RunEntry.model_validate(each.body()) for each in page.runs]
    return RunsResponse(runs=found, next=page.end)


@router.get(
    "/runs/{identity}",
    response_model=RunEntry,
    responses=documented(examples.RUN, 401, 404, 409, 422, 503),
    summary="One run",
)
async def run(parts: Context, identity: Identity, host: OfHost = None) -> object:
    """Return a run that is under way or in the history."""
    return RunEntry.model_validate((await find_run(parts, identity, host)).body())


async def find_run(parts: Parts, identity: str, host: str | None) -> Run:
    """Return the run with the id ``identity``, on ``host`` if it is given.

    Raises AmbiguousRunError if several hosts have a run with this id. The newest is not
    chosen, because the times that hosts report are not verified.
    Also raises UnknownRunError or HistoryUnavailableError.
    """
    kept = _kept(parts, unix_milliseconds())
    channel = RUN.channel.format(run=identity)
    query = EventQuery(RUN, kept.start, kept.end, host, channel=channel)
    known = _live(parts).combined(await parts.history.events(query))
    found = [each for key, each in known.items() if key.id == identity and host in (None, key.host)]
    if not found:
        raise UnknownRunError(f"Run {quote(identity)} is not known.")
    if len(found) > 1:
        first = quote(min(each.key.host for each in found))
        raise AmbiguousRunError(
            f"Run {quote(identity)} exists on {len(found)} hosts, such as {first}: add the "
            "parameter `host`."
        )
    return found[0]


def _kept(parts: Parts, now: int) -> Span:
    """Return the span whose events the history keeps."""
    spans = parts.settings.spans
    return Span(now - spans.events, now + spans.samples + 1)


def _live(parts: Parts) -> Live:
    return Live(parts.live.newest.hosts, parts.ends.events, time.monotonic())
