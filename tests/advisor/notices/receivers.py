"""Receivers of notices: a sender that records, and a local HTTP server like a webhook's."""

import contextlib
import json
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from advisor.notices.model import Notice
from advisor.notices.outbox import Pace
from advisor.notices.program import NoticeError
from tests.services.in_thread import served

AT_ONCE = Pace(gather=0, gap=0, retry=0.1)


class Recorder:
    """A sender that keeps the headlines of each message; its first ``failures`` attempts fail."""

    def __init__(
        self, name: str = "fake", failures: int = 0, *, repeats: bool = True, pace: Pace = AT_ONCE
    ) -> None:
        self.name = name
        self.repeats = repeats
        self.pace = pace
        self.failures = failures
        self.messages: list[list[str]] = []

    @property
    def headlines(self) -> list[str]:
        """All headlines, of all messages."""
        return [headline for each in self.messages for headline in each]

    def check(self) -> None:
        """Find nothing."""

    def send(self, notices: Sequence[Notice]) -> None:
        """Keep the headlines, or fail."""
        if self.failures > 0:
            self.failures -= 1
            raise NoticeError("it is offline")
        self.messages.append([each.headline for each in notices])

    def stop(self) -> None:
        """Do nothing."""


class Webhook(ThreadingHTTPServer):
    """An HTTP server that keeps the JSON it receives; ``status`` is its answer."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.status = 200
        self.bodies: list[Any] = []
        self.silent = threading.Event()  # while set, it accepts requests and does not answer
        self.port: int = self.server_address[1]


class _Handler(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        while self.server.silent.is_set():
            self.server.silent.wait(0.01)
        if self.server.status == 200:
            self.server.bodies.append(json.loads(body))
        with contextlib.suppress(OSError):  # the client has gone
            self.send_response(self.server.status)
            self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Write nothing."""


@contextlib.contextmanager
def webhook(port: int = 0) -> Iterator[Webhook]:
    """Run a webhook during the block."""
    server = Webhook(port)
    with served(server):
        try:
            yield server
        finally:
            server.silent.clear()
