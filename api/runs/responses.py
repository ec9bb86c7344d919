"""The responses about runs."""

from typing import Any

from pydantic import Field, create_model

from api.rest.responses import Response, UnixTime
from api.runs.run import RunState
from telemetry.catalogue import RUN
from telemetry.payloads import event_model

_Run: Any = event_model(RUN)
RunEntry: Any = create_model(
    "RunEntry",
    __base__=(Response, _Run),
    __doc__="A run, as far as it is known.",
    id=(str, Field(description="id of the run", examples=["ablation-7-3f9a1c"])),
    timestamp=(UnixTime, Field(description="when its state last changed, Unix milliseconds")),
    state=(
        RunState,
        Field(
            description="running; ended; or lost: its end is not known, and its host is silent or "
            "no longer reports it"
        ),
    ),
)


class RunsResponse(Response):
    """Runs, the newest first."""

    runs: list[RunEntry] = Field(description="the runs")
    next: UnixTime | None = Field(
        description="the parameter `end` that selects the next page; null if this is the last"
    )
