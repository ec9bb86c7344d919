"""What is InfluxDB's own: the bucket, the account, and failures on the way there."""

import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from influxdb_client import BucketRetentionRules, InfluxDBClient

from telemetry.errors import HistoryRejectedError, HistoryUnavailableError
from telemetry.history.influxdb import flux
from telemetry.history.influxdb.names import series_of
from telemetry.history.port import Aggregate
from tests.services.influxdb import Influxdb
from tests.telemetry.history.conftest import HOUR, InfluxdbStore, MovableClock
from tests.telemetry.history.samples import cpu, question


@contextmanager
def client_of(store: InfluxdbStore) -> Iterator[InfluxDBClient]:
    server = store.server
    with InfluxDBClient(server.url, token=server.token, org=server.org) as client:
        yield client


def retention(store: InfluxdbStore) -> list[int]:
    with client_of(store) as client:
        bucket = client.buckets_api().find_bucket_by_name(store.bucket)
        return [rule.every_seconds for rule in bucket.retention_rules]


@dataclass
class Answer:
    status: int
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)


@contextmanager
def server_giving(answer: Answer) -> Iterator[Influxdb]:
    """Run an HTTP server that answers each request alike; a test may change the answer."""

    class Handler(BaseHTTPRequestHandler):
        def respond(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(answer.body)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = respond  # noqa: N815 - their names there

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Influxdb(f"http://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()
            thread.join()


def a_bucket(store: InfluxdbStore) -> bytes:
    rules = [{"type": "expire", "everySeconds": 3600}]
    return json.dumps({"buckets": [{"name": store.bucket, "retentionRules": rules}]}).encode()


@pytest.mark.parametrize(("window_ms", "seconds"), [(HOUR, 3600), (2 * HOUR, 7200), (1000, 3600)])
def test_the_bucket_is_created_with_the_window_as_its_retention(
    influxdb_store: InfluxdbStore, window_ms: int, seconds: int
) -> None:
    store = replace(influxdb_store, window_ms=window_ms)
    with closing(store.new_writer()) as writer:
        writer.open()
    assert retention(store) == [seconds]


def test_a_retention_that_differs_is_corrected_and_the_samples_stay(
    influxdb_store: InfluxdbStore, clock: MovableClock
) -> None:
    with client_of(influxdb_store) as client:
        client.buckets_api().create_bucket(
            bucket_name=influxdb_store.bucket,
            retention_rules=BucketRetentionRules(type="expire", every_seconds=86_400),
        )
    for _ in range(2):
        with closing(influxdb_store.new_writer()) as writer:
            writer.open()
            assert retention(influxdb_store) == [3600]
            writer.write([cpu(clock())])
    with closing(influxdb_store.new_reader()) as reader:
        reader.open()
        assert len(reader.read(question(0, clock() + 1))["system/cpu"].timestamps) == 1


def test_a_bucket_that_is_deleted_meanwhile_is_created_again(
    influxdb_store: InfluxdbStore, clock: MovableClock
) -> None:
    with closing(influxdb_store.new_writer()) as writer:
        writer.open()
        with client_of(influxdb_store) as client:
            buckets = client.buckets_api()
            buckets.delete_bucket(buckets.find_bucket_by_name(influxdb_store.bucket))
        with pytest.raises(HistoryUnavailableError, match="has no bucket"):
            writer.write([cpu(clock())])
        writer.write([cpu(clock())])
    assert retention(influxdb_store) == [3600]


def test_samples_too_old_by_the_servers_clock_are_counted_and_the_others_stored(
    influxdb_store: InfluxdbStore, clock: MovableClock
) -> None:
    now = clock()
    clock.advance(-HOUR // 2)  # this machine's clock is behind
    with closing(influxdb_store.new_writer()) as writer:
        writer.open()
        writer.write([cpu(clock() - HOUR + 1), cpu(now)])
        assert writer.dropped == 1
    with closing(influxdb_store.new_reader()) as reader:
        reader.open()
        assert reader.read(question(0, now + 1))["system/cpu"].timestamps == [now]


def test_a_field_that_has_another_type_there_is_refused(
    influxdb_store: InfluxdbStore, clock: MovableClock
) -> None:
    with closing(influxdb_store.new_writer()) as writer:
        writer.open()
        with client_of(influxdb_store) as client:
            from influxdb_client.client.write_api import SYNCHRONOUS  # noqa: PLC0415

            client.write_api(write_options=SYNCHRONOUS).write(
                influxdb_store.bucket, record=f"cpu,host=h utilization=true {clock()}000000"
            )
        with pytest.raises(
            HistoryRejectedError, match=r"^InfluxDB refuses .*field type conflict.*\.$"
        ):
            writer.write([cpu(clock() + 1)])


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"token": "wrong"}, "refuses the token: set influxdb_token"),
        ({"token": "line\nbreak"}, "influxdb_token holds characters"),
        ({"token": "schlüssel"}, "influxdb_token holds characters"),
        ({"org": "wrong"}, "has no organization 'wrong': set influxdb_org"),
        ({"url": "http://127.0.0.1:1"}, "cannot be reached: is it running"),
    ],
)
def test_a_wrong_account_is_one_sentence_that_says_what_is_wrong(
    influxdb_store: InfluxdbStore,
    wrong: dict[str, str],
    sentence: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    server = replace(influxdb_store.server, **wrong)
    store = replace(influxdb_store, server=server)
    with closing(store.new_writer()) as writer:
        with pytest.raises(HistoryUnavailableError, match=sentence) as failure:
            writer.open()
        for shown in (str(failure.value), repr(vars(writer)), caplog.text):
            assert server.token not in shown
            assert "Traceback" not in shown


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [({"token": "wrong"}, "refuses the token"), ({"org": "wrong"}, "has no organization")],
)
def test_a_reader_with_a_wrong_account_says_so_with_each_question(
    influxdb_store: InfluxdbStore, clock: MovableClock, wrong: dict[str, str], sentence: str
) -> None:
    store = replace(influxdb_store, server=replace(influxdb_store.server, **wrong))
    with closing(store.new_reader()) as reader:
        reader.open()
        with pytest.raises(HistoryUnavailableError, match=sentence):
            reader.ping()
        with pytest.raises(HistoryUnavailableError, match=sentence):
            reader.channels()
        with pytest.raises(HistoryUnavailableError, match=sentence):
            reader.read(question(0, clock()))


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
def test_an_error_says_whether_trying_again_may_help(
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
def test_how_long_the_store_asks_to_be_left_alone_is_known(
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


def test_a_refusal_in_other_words_than_influxdbs_is_no_refusal(
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
            with pytest.raises(HistoryUnavailableError, match="400: Bad Request"):
                writer.write([cpu(clock())])
            answer.status, answer.body = 200, a_bucket(influxdb_store)


def test_a_writer_that_could_not_open_works_once_the_server_does(
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


def test_a_server_that_does_not_answer_is_given_up_in_time(
    influxdb_store: InfluxdbStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telemetry.history.influxdb.connection._TIMEOUT_MILLISECONDS", 200)
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as silent:
        server = Influxdb(f"http://127.0.0.1:{silent.server_port}")
        started = time.monotonic()
        with closing(replace(influxdb_store, server=server).new_reader()) as reader:
            reader.open()
            with pytest.raises(HistoryUnavailableError, match="does not answer in time"):
                reader.ping()
        assert time.monotonic() - started < 5


def test_an_answer_that_breaks_off_with_an_error_is_no_answer(
    influxdb_store: InfluxdbStore, clock: MovableClock
) -> None:
    answer = Answer(200, b",error,reference\r\n,failed to read the storage,\r\n\r\n")
    with (
        server_giving(answer) as server,
        closing(replace(influxdb_store, server=server).new_reader()) as reader,
    ):
        reader.open()
        with pytest.raises(HistoryUnavailableError, match="failed to read the storage"):
            reader.read(question(0, clock()))


def test_no_name_becomes_part_of_a_script() -> None:
    series = [found for name in ("system/cpu", "system/gpu/7") if (found := series_of(name))]
    selection = flux.Selection("a bucket", "a host", series, 0, 1)
    for script in (
        selection.count(),
        selection.samples(),
        selection.buckets(10, Aggregate.MEAN),
        flux.hosts("a bucket", 0, 1),
    ):
        assert "a bucket" not in script.text
        assert "a host" not in script.text
        assert script.parameters["bucket"] == "a bucket"


def test_the_client_is_not_loaded_before_it_is_used() -> None:
    program = (
        "import sys; from telemetry.history.influxdb import InfluxdbReader, InfluxdbWriter; "
        "from telemetry.history.window import Spans; "
        "account = 'http://localhost', 'token', 'org', 'bucket', Spans(1); "
        "InfluxdbReader(*account); InfluxdbWriter(*account); "
        "sys.exit('influxdb_client' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
