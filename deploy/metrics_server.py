"""Serves the counters of a stand-alone collector or ingester to Prometheus."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from deploy.ports import require_free_port
from telemetry.reports import Reporter

if TYPE_CHECKING:
    import threading
    from wsgiref.simple_server import WSGIServer

_HOST = "127.0.0.1"


class MetricsServer:
    """Serves the reports of ``reporters`` on ``port`` of the loopback interface, at every path."""

    def __init__(self, port: int, reporters: Sequence[Reporter]) -> None:
        """Prepare; ``start`` listens."""
        self._port = port
        self._reporters = reporters
        self._server: WSGIServer | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen. Raises SettingsError if the port is in use."""
        from prometheus_client import start_http_server  # noqa: PLC0415 - 3 MB, only if it is used

        from telemetry.exposition import registry_of  # noqa: PLC0415 - likewise

        require_free_port(_HOST, self._port, "metrics")
        self._server, self._thread = start_http_server(
            self._port, _HOST, registry_of(self._reporters)
        )

    def stop(self) -> None:
        """Stop listening. Safe to call twice, and before ``start``."""
        server, self._server = self._server, None
        if server is not None and self._thread is not None:
            server.shutdown()
            server.server_close()
            self._thread.join()
