"""The application: routes, errors and protection put together."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from api.errors import LastResort, install_error_handlers
from api.live import websocket
from api.live.subscription import Live
from api.rest import annotations
from api.rest.context import Parts
from api.rest.history import History
from api.rest.readiness import Readiness
from api.rest.routes import health, router
from api.serving.access import Gate, Sessions, WrongTokens, login_router
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

Live: the WebSocket `/api/v1/system/ws?channels=system/cpu,system/gpu/+` sends frames
`{"channel", "event": "metrics", "data"}`, the newest values at once. With `&batch=true` a message
is an array of the frames of 50 ms. Rates are in MB/s (1 MB = 10^6 bytes), sizes in bytes; a value
that the hardware does not report is null.
"""

_TOKEN_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "description": "The setting `http_token`, where it is set. A WebSocket takes the same header, "
    "or the subprotocols `system-monitor` and `bearer.` + base64url of the token without padding. "
    "Browsers log in at `/login`. Without the token `/readyz` tells no details.",
}


class _Application(FastAPI):
    """FastAPI, but its document keeps the nulls that the examples hold, and tells of the token."""

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        document["components"]["securitySchemes"] = {"token": _TOKEN_SCHEME}
        needed = self.state.parts.settings.http_token is not None
        document["security"] = [{"token": []}] if needed else [{}, {"token": []}]
        document["paths"]["/healthz"]["get"]["security"] = []
        document["paths"]["/readyz"]["get"]["security"] = [{}, {"token": []}]
        for route in (*router.routes, *annotations.router.routes, *health.routes):
            if not isinstance(route, APIRoute) or not route.include_in_schema:
                continue
            method = min(route.methods or ())
            documented = document["paths"][route.path][method.lower()]["responses"]
            for status, response in route.responses.items():
                for media, content in response["content"].items():
                    documented[str(status)]["content"][media] |= content
        return document


def create_app(
    settings: Settings, live: Live, reader: HistoryReader, others: Sequence[Reporter] = ()
) -> FastAPI:
    """Return the application; ``others`` are the parts beside it whose reports it passes on.

    It is inert: ``live`` and ``reader`` are opened and closed with the server that runs it.
    """
    history = History(reader)
    token = settings.http_token
    sessions = Sessions(token.get_secret_value()) if token else None
    wrong_tokens = WrongTokens()
    reporters = [*others, wrong_tokens.report] if sessions else others
    readiness = Readiness(live, history, settings.window, reporters)
    events = RateLimit(EVENT_BURST, EVENTS_PER_MINUTE)
    parts = Parts(settings, live, history, readiness, events)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        try:
            await parts.history.open()
            live.start(asyncio.get_running_loop())
            yield
        finally:
            await asyncio.to_thread(live.stop)
            await parts.history.close()

    app = _Application(
        title="System Monitor",
        description=_DESCRIPTION,
        version=__version__,
        lifespan=lifespan,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # these pages would load scripts from another origin
        redoc_url=None,
        middleware=_middleware(settings, sessions, wrong_tokens),
    )
    app.state.parts = parts
    install_error_handlers(app)
    for each in (
        router,
        annotations.router,
        health,
        websocket.router,
        login_router(sessions, wrong_tokens),
    ):
        app.include_router(each)
    serve_page(app)
    app.add_api_websocket_route("/{path:path}", websocket.refuse)
    return app


def _middleware(
    settings: Settings, sessions: Sessions | None, wrong_tokens: WrongTokens
) -> list[Middleware]:
    """Return what each request passes through, the outermost first."""
    origins = settings.http_allowed_origins
    layers = [Middleware(Guard, host_names=_host_names(settings), origins=origins)]
    if origins:
        # Without cookies: a page of another origin has to know the token.
        headers = ["Authorization"]
        layers.append(Middleware(CORSMiddleware, allow_origins=origins, allow_headers=headers))
    layers.append(Middleware(LastResort))
    if sessions is not None:
        layers.append(Middleware(Gate, sessions=sessions, wrong_tokens=wrong_tokens))
    return layers


def _host_names(settings: Settings) -> set[str]:
    return {settings.http_host, settings.host_name, socket.gethostname()}
