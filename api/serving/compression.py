"""Compresses responses with gzip."""

import gzip

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LEAST_BYTES = 1_000
_LEVEL = 1  # higher levels take up to five times as long, for 5% fewer bytes of a history


def accepts_gzip(headers: Headers) -> bool:
    """Return whether the client that sent ``headers`` accepts gzip."""
    for each in headers.get("accept-encoding", "").lower().split(","):
        coding, _, weight = each.replace(" ", "").partition(";q=")
        if coding == "gzip":
            return weight.strip("0.") != "" or not weight
    return False


def compressed(body: bytes) -> bytes:
    """Return ``body`` as the middleware would compress it."""
    return gzip.compress(body, _LEVEL)


class Compression:
    """ASGI middleware: compresses responses from 1 kB on, for clients that accept gzip.

    It extends Starlette's middleware, which does not compress images, other compressed contents, or
    parts of a file. This one also respects ``gzip;q=0``, and gives the compressed form of a file a
    weak ``ETag``: a strong one identifies an exact sequence of bytes, whose download a client may
    resume.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Compress the responses of ``app``."""
        self._plain = app
        self._gzip = GZipMiddleware(app, minimum_size=LEAST_BYTES, compresslevel=_LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application; compress its response."""
        if scope["type"] != "http":
            await self._plain(scope, receive, send)
            return
        if accepts_gzip(Headers(scope=scope)):
            await self._gzip(scope, receive, _with_weak_tag(send))
        else:  # Starlette's middleware takes 20 µs although it compresses nothing
            await self._plain(scope, receive, _varying(send))


def _with_weak_tag(send: Send) -> Send:
    async def send_with_weak_tag(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if "etag" in headers:
                headers.add_vary_header("Accept-Encoding")  # also for a 304, which has no body
                if "content-encoding" in headers:
                    headers["etag"] = f"W/{headers['etag']}"
        await send(message)

    return send_with_weak_tag


def _varying(send: Send) -> Send:
    async def send_varying(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).add_vary_header("Accept-Encoding")
        await send(message)

    return send_varying
