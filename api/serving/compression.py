"""Compresses responses with gzip."""

import gzip

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipResponder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LEAST_BYTES = 1_000
_LEVEL = 1  # a higher level takes up to five times as long, and saves only 5% of a history's bytes


def accepts_gzip(headers: Headers) -> bool:
    """Return whether the client that sent ``headers`` accepts gzip."""
    for each in headers.get("accept-encoding", "").lower().split(","):
        coding, _, weight = each.replace(" ", "").partition(";q=")
        if coding == "gzip":
            return weight.strip("0.") != "" or not weight
    return False


def compressed(body: bytes) -> bytes:
    """Return ``body``, gzipped at the compression level of the middleware."""
    return gzip.compress(body, _LEVEL)


class Compression:
    """ASGI middleware that compresses responses of at least 1 kB for clients that accept gzip.

    It uses Starlette's responder, which skips parts of a file, and content that is already
    compressed, such as PNG images. In addition, this class respects ``gzip;q=0``, a client's
    refusal of gzip. It also makes the ``ETag`` of a compressed file weak. A strong ``ETag`` would
    let a client resume a download, although the compressed bytes might differ the next time.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Compress the responses of ``app``."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application; compress its response if the client accepts gzip."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        accepts = accepts_gzip(Headers(scope=scope))
        forward = send

        async def send_varying(message: Message) -> None:
            nonlocal forward
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                # Starlette's responder takes time even if it compresses nothing.
                if accepts and "content-encoding" not in headers:
                    forward = self._compressing(send)
                else:
                    headers.add_vary_header("Accept-Encoding")
            await forward(message)

        await self._app(scope, receive, send_varying)

    def _compressing(self, send: Send) -> Send:
        responder = GZipResponder(self._app, LEAST_BYTES, _LEVEL)
        responder.send = _with_weak_tag(send)
        return responder.send_with_compression


def _with_weak_tag(send: Send) -> Send:
    async def send_with_weak_tag(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            # Small responses are not compressed, nor is a 304, which has no body.
            if "content-encoding" not in headers:
                headers.add_vary_header("Accept-Encoding")
            elif "etag" in headers:
                headers["etag"] = f"W/{headers['etag']}"
        await send(message)

    return send_with_weak_tag
