"""A real HTTP server in front of a real InfluxDB, which misbehaves as a test specifies.

Only writes are disturbed, as with a server that can read but not write.
"""

import http.client
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.services.in_thread import served
from tests.services.influxdb import Influxdb

_SECONDS = 10.0
_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}


class Fault(NamedTuple):
    """The response to a write instead of InfluxDB's.

    ``status`` 0 hangs until the fault is lifted; -1 closes the connection without a response. With
    ``stored``, InfluxDB still receives the write. Affects requests larger than ``beyond``.
    """

    status: int
    body: bytes = b'{"code":"any","message":"because"}'
    headers: Mapping[str, str] = {}
    stored: bool = False
    beyond: int = -1


@dataclass
class Proxy:
    """The server; a test sets and lifts ``fault``. ``refused_at`` are monotonic times."""

    upstream: Influxdb
    url: str
    fault: Fault | None = None
    writes: int = 0
    refused_at: list[float] = field(default_factory=list)
    lifted: threading.Event = field(default_factory=threading.Event)

    @property
    def account(self) -> Influxdb:
        """The InfluxDB as seen through the proxy."""
        return replace(self.upstream, url=self.url)

    def inject(self, fault: Fault) -> None:
        """Begin to misbehave."""
        self.refused_at = []
        self.lifted.clear()
        self.fault = fault

    def lift(self) -> None:
        """Forward everything from now on; connections that hung are closed."""
        self.fault = None
        self.lifted.set()


class _Handler(BaseHTTPRequestHandler):
    proxy: Proxy
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one write per response: else its second half waits 40 ms

    def relay(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        proxy, fault = self.proxy, self.proxy.fault
        is_write = self.path.startswith("/api/v2/write")
        proxy.writes += is_write
        if fault is None or not is_write or len(body) <= fault.beyond:
            self._answer(*self._from_upstream(body))
            return
        proxy.refused_at.append(time.monotonic())
        if fault.stored:
            self._from_upstream(body)
        if fault.status == 0:
            proxy.lifted.wait(_SECONDS)
        if fault.status <= 0:
            self.close_connection = True
            return
        self._answer(fault.status, fault.headers, fault.body)

    do_GET = do_POST = do_PATCH = relay  # noqa: N815 - their names there

    def _from_upstream(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        address = urlsplit(self.proxy.upstream.url)
        upstream = http.client.HTTPConnection(address.netloc, timeout=_SECONDS)
        try:
            upstream.request(self.command, self.path, body, dict(self.headers))
            answer = upstream.getresponse()
            return answer.status, dict(answer.headers), answer.read()
        finally:
            upstream.close()

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        with suppress(ConnectionError):  # the client has given up
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            if status != http.client.NO_CONTENT:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        pass


@contextmanager
def proxy_to(upstream: Influxdb) -> Iterator[Proxy]:
    """Run a proxy in front of ``upstream``."""

    class Handler(_Handler):
        pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy = Handler.proxy = Proxy(upstream, f"http://127.0.0.1:{server.server_port}")
    with served(server):
        try:
            yield proxy
        finally:
            proxy.lift()
