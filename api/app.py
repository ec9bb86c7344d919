"""Creates the web application from its routes, error handlers and middleware."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import chain
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from api.error_handlers import LastResort, install_error_handlers
from api.live import websocket
from api.live.subscription import Subscription
from api.methods import Head
from api.recordings import routes as recordings
from api.recordings.black_box import BlackBox
from api.recordings.folder import RecordingFolder
from api.reports import routes as reports
from api.rest import annotations, asyncapi, exposition, findings, overview
from api.rest.context import Parts, operation_id
from api.rest.history import CHECK_SECONDS, History
from api.rest.readiness import Readiness
from api.rest.routes import health, newest, router
from api.runs import routes as runs
from api.runs.ends import RecentEnds
from api.serving.access import Gate, Sessions, WrongTokens, login_router
from api.serving.compression import Compression
from api.serving.connections import Connections
from api.serving.page import serve_page
from api.serving.security import Guard
from telemetry import __version__
from telemetry.history.port import HistoryReader
from telemetry.limits import EVENT_BURST, EVENTS_PER_MINUTE
from telemetry.rate_limit import RateLimit
from telemetry.reports import Reporter
from telemetry.settings import Settings

_DESCRIPTION = """\
GPU, CPU, memory, disk and network metrics of machine-learning machines.

Live data: the WebSocket `/api/v1/system/ws?channels=system/cpu,system/gpu/+` sends frames
`{"channel", "event": "metrics", "data"}`. The first frames contain the newest sample of each
channel, and the age of the sample in `age_seconds`. With `&batch=true`, frames are collected for
50 ms and sent together, as JSON arrays of at most 100 frames. If the broker no longer retains a
channel's newest message, a frame with the event `removed` gives the channel and the host.

Rates are in MB/s (1 MB = 10^6 bytes); sizes are in bytes. A value that the hardware does not report
is null.
"""

_TOKEN_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "description": "The value of the setting `http_token`; required only if this setting is set. A "
    "WebSocket client that cannot set headers offers two subprotocols instead: `system-monitor`, "
    "and `bearer.` followed by the token in base64url without padding. "
    "Browsers log in at `/login`. If a required token is missing or invalid, `/readyz` returns "
    "no details.",
}


# Their routes belong to the application itself: FastAPI matches those of included routers twice.
_FREQUENT = (newest, overview.router)
_INCLUDED = (
    router,
    annotations.router,
    findings.router,
    runs.router,
    reports.router,
    recordings.router,
    health,
)
DOCUMENTED = (*_FREQUENT, *_INCLUDED)


class _Application(FastAPI):
    """FastAPI with an OpenAPI document that keeps nulls in examples and describes the token."""

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        document["components"]["securitySchemes"] = {"token": _TOKEN_SCHEME}
        required = self.state.parts.settings.http_token is not None
        document["security"] = [{"token": []}] if required else [{}, {"token": []}]
        document["paths"]["/healthz"]["get"]["security"] = []
        document["paths"]["/readyz"]["get"]["security"] = [{}, {"token": []}]
        for route in chain(*(each.routes for each in DOCUMENTED)):
            if not isinstance(route, APIRoute) or not route.include_in_schema:
                continue
            method = min(route.methods or ())
            documented = document["paths"][route.path][method.lower()]["responses"]
            for status, response in route.responses.items():
                for media, content in response["content"].items():
                    documented[str(status)]["content"][media] |= content
        return document


def create_app(
    settings: Settings, live: Subscription, reader: HistoryReader, others: Sequence[Reporter] = ()
) -> FastAPI:
    """Return the application.

    ``others`` are functions. Each returns the report of a part that runs beside the API in the same
    process, such as an ingester. The application serves these reports together with its own.

    This function does not open ``live`` or ``reader``: they are opened when the server starts the
    application and closed when the server stops.
    """
    history = History(reader)
    token = settings.http_token
    sessions = Sessions(token.reveal()) if token else None
    wrong_tokens = WrongTokens()
    connections = Connections()
    folder = RecordingFolder(settings.data_dir / "recordings")
    black_box = BlackBox(folder, settings.topics, live.newest)
    ends = RecentEnds()
    live.observers += [black_box.note, ends.note]
    reporters = [
        *others,
        black_box.report,
        connections.report,
        *([wrong_tokens.report] if sessions else []),
    ]
    checks = History(reader, threads=1, seconds=CHECK_SECONDS)
    readiness = Readiness(live, checks, settings.window, reporters)
    events = RateLimit(EVENT_BURST, EVENTS_PER_MINUTE)
    parts = Parts(settings, live, history, readiness, events, folder, ends)

    app = _Application(
        title="System Monitor",
        description=_DESCRIPTION,
        version=__version__,
        lifespan=_lifespan(parts, checks, black_box, connections),
        openapi_url="/api/v1/openapi.json",
        generate_unique_id_function=operation_id,
        docs_url=None,  # FastAPI's own pages would load scripts from another origin
        redoc_url=None,
        middleware=_middleware(settings, sessions, wrong_tokens),
        routes=[route for router in _FREQUENT for route in router.routes],
        # Otherwise, FastAPI looks for a telemetry provider at each request; none is installed.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.parts = parts
    install_error_handlers(app)
    for each in (
        *_INCLUDED,
        asyncapi.router,
        exposition.router,
        websocket.router,
        login_router(sessions, wrong_tokens),
    ):
        app.include_router(each)
    serve_page(app)
    app.add_api_websocket_route("/{path:path}", websocket.refuse)
    return app


def _lifespan(
    parts: Parts, checks: History, black_box: BlackBox, connections: Connections
) -> Callable[[FastAPI], AbstractAsyncContextManager[dict[str, Connections]]]:
    """Return the lifespan that opens the parts at startup and closes them at shutdown."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Connections]]:
        tasks: list[asyncio.Task[None]] = []
        try:
            await parts.history.open()
            await checks.open()
            parts.live.start(asyncio.get_running_loop())
            watches = (parts.readiness.watch, black_box.watch)
            tasks += [asyncio.create_task(each()) for each in watches]
            yield {"connections": connections}  # for the server's protocols
        finally:
            for task in tasks:
                task.cancel()
            await black_box.check(all_failed=True)
            await asyncio.to_thread(parts.live.stop)
            await asyncio.gather(parts.history.close(), checks.close())

    return lifespan


def _middleware(
    settings: Settings, sessions: Sessions | None, wrong_tokens: WrongTokens
) -> list[Middleware]:
    """Return the middleware that every request passes through, outermost first."""
    origins = settings.http_allowed_origins
    guard = Middleware(Guard, host_names=_host_names(settings), origins=origins)
    layers = [Middleware(Head), guard]
    if origins:
        # Without `allow_credentials`, a page from another origin must send the token, not a cookie.
        headers = ["Authorization"]
        layers.append(Middleware(CORSMiddleware, allow_origins=origins, allow_headers=headers))
    layers += [Middleware(Compression), Middleware(LastResort)]
    if sessions is not None:
        layers.append(Middleware(Gate, sessions=sessions, wrong_tokens=wrong_tokens))
    return layers


def _host_names(settings: Settings) -> set[str]:
    return {settings.http_host, settings.host_name, socket.gethostname()}
