"""How the adapter handles errors of InfluxDB, and answers that are not from InfluxDB."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from telemetry.catalogue import ANNOTATION
from telemetry.errors import HistoryRejectedError, HistoryUnavailableError
from telemetry.history.port import EventQuery
from tests.services.in_thread import served
from tests.services.influxdb import Influxdb
from tests.telemetry.history.conftest import HOUR, InfluxdbStore, MovableClock
from tests.telemetry.history.samples import cpu, question


@dataclass
class Answer:
    status: int
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)


@contextmanager
def server_giving(answer: Answer) -> Iterator[Influxdb]:
    """Run an HTTP server that gives each request the same answer; a test may change it.

    The answer to a write is InfluxDB's, a 204, if the status is 200 and the body is a bucket.
    """

    class Handler(BaseHTTPRequestHandler):
        def respond(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            stores = b'"buckets"' in answer.body and self.path.startswith("/api/v2/write")
            self.send_response(204 if stores else answer.status)
            self.send_header("Content-Length", str(len(answer.body)))
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = respond  # noqa: N815 - their names there

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    with served(server):
        yield Influxdb(f"http://127.0.0.1:{server.server_port}")


def a_bucket(store: InfluxdbStore) -> bytes:
    rules = [{"type": "expire", "everySeconds": 3600}]
    bucket = {"id": "1", "orgID": "2", "name": store.bucket, "retentionRules": rules}
    return json.dumps({"buckets": [bucket]}).encode()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, HistoryRejectedError),
        (413, HistoryRejectedError),
        (422, HistoryRejectedError),
        (401, HistoryUnavailableError),
        (404, HistoryUnavailableError),
        (429, HistoryUnavailableError),
        (500, HistoryUnavailableError),
        (503, HistoryUnavailableError),
    ],
)
def test_the_kind_of_error_depends_on_whether_a_retry_can_succeed(
    influxdb_store: InfluxdbStore, clock: MovableClock, status: int, kind: type[Exception]
) -> None:
    answer = Answer(200, a_bucket(influxdb_store))
    with (
        server_giving(answer) as server,
        closing(replace(influxdb_store, server=server, events_ms=HOUR).new_writer()) as writer,
    ):
        writer.open()
        answer.status, answer.body = status, b'{"code": "any", "message": "because"}'
        with pytest.raises(kind, match=r"^[^\n]+\.$"):
            writer.write([cpu(clock())])


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("{in_ten_minutes}", 600),
        (formatdate(0, usegmt=True), 0),
        ("soon", 0),
        ("-1", 0),
        ("", 0),
    ],
)
def test_the_retry_after_header_becomes_seconds(
    influxdb_store: InfluxdbStore, header: str, seconds: int
) -> None:
    header = header.format(in_ten_minutes=formatdate(time.time() + 600, usegmt=True))
    answer = Answer(429, headers={"Retry-After": header})
    with (
        server_giving(answer) as server,
        closing(replace(influxdb_store, server=server).new_reader()) as reader,
    ):
        reader.open()
        with pytest.raises(HistoryUnavailableError) as failure:
            reader.ping()
    assert failure.value.retry_after == pytest.approx(seconds, abs=60)


def test_a_400_that_is_not_from_influxdb_does_not_reject_the_samples(
    influxdb_store: InfluxdbStore, clock: MovableClock
) -> None:
    answer = Answer(200, a_bucket(influxdb_store))
    with (
        server_giving(answer) as server,
        closing(replace(influxdb_store, server=server, events_ms=HOUR).new_writer()) as writer,
    ):
        writer.open()
        for body in (b"<html>This port speaks TLS</html>", b'{"message": "Bad Request"}', b"[]"):
            answer.status, answer.body = 400, body
            with pytest.raises(HistoryUnavailableError, match=r"not from InfluxDB \(status 400\)"):
                writer.write([cpu(clock())])
            answer.status, answer.body = 200, a_bucket(influxdb_store)


@pytest.mark.parametrize(
    ("body", "media"),
    [
        (b"<html><h1>Welcome</h1></html>", "text/html"),
        (b"<html><h1>Welcome</h1></html>", "application/json"),
        (b'{"buckets": "none"}', "application/json"),
        (b'{"buckets": [{}]}', "application/json"),
        (b"[]", "application/json"),
    ],
)
def test_a_page_of_a_proxy_is_an_outage_even_with_status_200(
    influxdb_store: InfluxdbStore, clock: MovableClock, body: bytes, media: str
) -> None:
    answer = Answer(200, a_bucket(influxdb_store))
    span = EventQuery(ANNOTATION, clock() - HOUR, clock())
    with (
        server_giving(answer) as server,
        closing(replace(influxdb_store, server=server, events_ms=HOUR).new_writer()) as writer,
        closing(replace(influxdb_store, server=server).new_reader()) as reader,
    ):
        reader.open()
        writer.open()
        answer.body, answer.headers["Content-Type"] = body, media
        calls: list[Callable[[], object]] = [
            writer.open,
            lambda: writer.write([cpu(clock())]),
            reader.ping,
            reader.hosts,
            lambda: reader.channels("h"),
            lambda: reader.read(question(0, clock())),
            lambda: reader.events(span),
        ]
        for call in calls:
            with pytest.raises(HistoryUnavailableError, match=r"not from InfluxDB .*check"):
                call()
        answer.body, answer.headers["Content-Type"] = a_bucket(influxdb_store), "application/json"
        writer.write([cpu(clock())])


def test_a_writer_that_failed_to_open_works_once_the_server_does(
    influxdb_store: InfluxdbStore, clock: MovableClock
) -> None:
    answer = Answer(503)
    with (
        server_giving(answer) as server,
        closing(replace(influxdb_store, server=server, events_ms=HOUR).new_writer()) as writer,
    ):
        with pytest.raises(HistoryUnavailableError, match="503"):
            writer.open()
        with pytest.raises(HistoryUnavailableError, match="503"):
            writer.write([cpu(clock())])
        answer.status, answer.body = 200, a_bucket(influxdb_store)
        writer.write([cpu(clock())])


def test_a_request_to_a_server_that_does_not_answer_times_out(
    influxdb_store: InfluxdbStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telemetry.history.influxdb.server._TIMEOUT_SECONDS", 0.2)
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as silent:
        server = Influxdb(f"http://127.0.0.1:{silent.server_port}")
        started = time.monotonic()
        with closing(replace(influxdb_store, server=server).new_reader()) as reader:
            reader.open()
            with pytest.raises(HistoryUnavailableError, match="did not answer in time"):
                reader.ping()
        assert time.monotonic() - started < 5


def test_an_error_in_the_middle_of_an_answer_is_raised(
    influxdb_store: InfluxdbStore, clock: MovableClock
) -> None:
    failure = b",error,reference\r\n,failed to read the storage,\r\n\r\n"
    answer = Answer(200, failure, {"Content-Type": "text/csv; charset=utf-8"})
    with (
        server_giving(answer) as server,
        closing(replace(influxdb_store, server=server).new_reader()) as reader,
    ):
        reader.open()
        with pytest.raises(HistoryUnavailableError, match="failed to read the storage"):
            reader.read(question(0, clock()))
