"""Serves Prometheus metrics for a part that runs as its own process."""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from deploy.ports import require_free_port
from telemetry.exposition import CONTENT_TYPE, HostReadings, readings_text, reports_text
from telemetry.reports import Reporter

if TYPE_CHECKING:
    from http.server import ThreadingHTTPServer

_HOST = "127.0.0.1"
_SECONDS = 10.0  # timeout of a request


class MetricsServer:
    """Serves Prometheus metrics on ``port`` of the loopback interface, at every path.

    Each response contains the readiness and the counters of each part in ``reporters``. If
    ``readings`` is given, each response also contains the newest sensor values that it returns.
    """

    def __init__(
        self,
        port: int,
        reporters: Sequence[Reporter],
        readings: Callable[[], HostReadings] | None = None,
    ) -> None:
        """Prepare the server; ``start`` opens the port."""
        self._port = port
        self._reporters = reporters
        self._readings = readings
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen; raise SettingsError if the port is not available."""
        from http.server import ThreadingHTTPServer  # noqa: PLC0415 - loaded only if used

        require_free_port(_HOST, self._port, "metrics")
        self._server = ThreadingHTTPServer((_HOST, self._port), _handler(self._texts))
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="metrics", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening. Safe to call twice, and before ``start``."""
        server, self._server = self._server, None
        if server is not None and self._thread is not None:
            server.shutdown()
            server.server_close()
            self._thread.join()

    def _texts(self) -> Iterable[str]:
        yield reports_text(reporter() for reporter in self._reporters)
        if self._readings is not None:
            yield readings_text([self._readings()])


def _handler(texts: Callable[[], Iterable[str]]) -> type:
    from http.server import BaseHTTPRequestHandler  # noqa: PLC0415 - as above

    class Handler(BaseHTTPRequestHandler):
        """Answers each GET."""

        timeout = _SECONDS

        def do_GET(self) -> None:
            body = "".join(texts()).encode()
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing: one line per scrape would bury the other messages."""

    return Handler
