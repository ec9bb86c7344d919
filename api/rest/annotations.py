"""The routes for annotations."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.exceptions import RequestValidationError
from pydantic import ConfigDict, ValidationError
from starlette.requests import Request

from api.bodies import read_body
from api.errors import InvalidParameterError, ReadOnlyError, TooManyEventsError
from api.parameters import CheckedRoute
from api.rest import examples
from api.rest.context import MAX_TEXT, PREFIX, Context, End, Start, documented
from api.rest.history import parse_span
from api.rest.responses import AnnotationEntry, AnnotationsResponse
from telemetry.catalogue import ANNOTATION
from telemetry.clock import unix_milliseconds
from telemetry.decoding import make_event
from telemetry.events import MAX_EVENT_BYTES
from telemetry.history.port import EventQuery
from telemetry.payloads import EventPayload, event_model

MAX_ANNOTATIONS = 5_000
_KEPT = (
    "it must be in Unix milliseconds, at most `history_days` (or `history_hours`, if that is "
    "longer) in the past, and at most `history_hours` in the future"
)

_Payload: Any = event_model(ANNOTATION)


class AnnotationRequest(_Payload):  # type: ignore[misc] # made at run time
    """An annotation to publish. Only `text` is required."""

    model_config = ConfigDict(extra="forbid")


router = APIRouter(prefix=PREFIX, tags=["annotations"], route_class=CheckedRoute)


@router.get(
    "/annotations",
    responses=documented(examples.ANNOTATIONS, 401, 422, 503),
    summary="Annotations, oldest first",
)
async def annotations(
    parts: Context,
    start: Start = None,
    end: End = None,
    host: Annotated[
        str | None,
        Query(
            max_length=MAX_TEXT,
            description="Only annotations that apply to this host or to all hosts. "
            "Default: every annotation.",
        ),
    ] = None,
    run: Annotated[
        str | None,
        Query(
            max_length=MAX_TEXT,
            description="Only annotations whose field `run` has exactly this value.",
        ),
    ] = None,
    limit: Annotated[
        int,
        Query(
            ge=1,
            le=MAX_ANNOTATIONS,
            description="Maximum number of annotations; if there are more, only the newest are "
            "returned.",
        ),
    ] = 1000,
) -> AnnotationsResponse:
    """Return the stored annotations. A new annotation is usually stored within a second."""
    span = parse_span(start, end, unix_milliseconds(), parts.settings.spans.events)
    found = []
    if not span.empty:
        query = EventQuery(ANNOTATION, span.start, span.end, host, limit, run=run)
        found = await parts.history.events(query)
    return AnnotationsResponse(
        annotations=[AnnotationEntry.model_validate(each.body()) for each in found]
    )


@router.post(
    "/annotations",
    status_code=HTTPStatus.CREATED,
    response_model=AnnotationEntry,
    responses=documented(examples.ANNOTATION, 401, 408, 413, 422, 429, 503, status=201),
    summary="Publish an annotation",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": AnnotationRequest.model_json_schema(),
                    "example": {"text": "epoch 3", "tags": ["train"], "run": "ablation-7"},
                }
            },
        }
    },
)
async def annotation(parts: Context, request: Request) -> Any:  # noqa: ANN401 - made at run time
    """Publish the annotation on the channel `system/annotations`.

    Status 201 means that the broker has acknowledged the annotation.
    """
    if parts.settings.http_read_only:
        raise ReadOnlyError("Annotations cannot be published here: http_read_only is set.")
    model = await _parsed(request)
    if wait := parts.events.take():
        raise TooManyEventsError(f"Too many annotations; try again in {wait} s.", wait)
    if model.host is None and parts.settings.topics.per_host:
        model.host = parts.settings.host_name  # an event must name the host in its topic
    now, spans = unix_milliseconds(), parts.settings.spans
    event = make_event(ANNOTATION, model, now)
    if not now - spans.events <= event.timestamp <= now + spans.samples:
        raise InvalidParameterError("timestamp", event.timestamp, _KEPT)
    await parts.live.publish(event)
    return AnnotationEntry.model_validate(event.body())


async def _parsed(request: Request) -> EventPayload:
    body = await read_body(request, MAX_EVENT_BYTES)
    try:
        model: EventPayload = AnnotationRequest.model_validate_json(body)
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise RequestValidationError(
            [{**each, "loc": ("body", *each["loc"])} for each in details]
        ) from None
    return model
