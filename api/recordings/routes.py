"""The route that returns a run's recording."""

import asyncio
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from fastapi.responses import FileResponse

from api.errors import AmbiguousRunError, UnknownRecordingError, quote
from api.parameters import CheckedRoute
from api.rest import examples
from api.rest.context import PREFIX, Context, documented
from api.runs.routes import Identity, OfHost

router = APIRouter(prefix=PREFIX, tags=["runs"], route_class=CheckedRoute)


def _documented() -> dict[int | str, dict[str, Any]]:
    responses = documented(None, 401, 404, 409, 422)
    text = {"schema": {"type": "string"}, "example": examples.RECORDING}
    responses[HTTPStatus.OK]["content"] = {"text/plain": text}
    return responses


@router.get(
    "/runs/{identity}/recording",
    response_class=FileResponse,
    responses=_documented(),
    summary="The last messages before a run failed, as lines of the form `topic payload`",
)
async def recording(parts: Context, identity: Identity, host: OfHost = None) -> FileResponse:
    """Return the messages of the run's host from the five minutes before the run failed.

    If the host went silent instead, they are from the five minutes before the silence. Save the
    response as a file to use it with `system-monitor findings` or `system-monitor replay`.
    """
    files = await asyncio.to_thread(parts.recordings.find, identity, host)
    if not files:
        raise UnknownRecordingError(
            f"Run {quote(identity)} has no recording: a recording is saved only if a run failed "
            "or may have failed, or if its host went silent."
        )
    if len(files) > 1:
        raise AmbiguousRunError(
            f"{len(files)} hosts have a recording of run {quote(identity)}: "
            "add the parameter `host`."
        )
    return FileResponse(files[0], media_type="text/plain", filename=f"{identity}.txt")
