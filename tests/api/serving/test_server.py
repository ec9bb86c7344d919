"""Starting and stopping the server."""

import asyncio
import socket
import threading
import time
from contextlib import ExitStack
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from api.app import create_app
from api.live.subscription import Subscription
from api.serving.protocols import HttpProtocol
from api.serving.server import ApiServer
from telemetry.bus.connection import BusConnection
from telemetry.errors import HistoryUnavailableError, SettingsError
from telemetry.settings.loading import load_settings
from tests.api.rest.test_health import HangingHistory, UnavailableHistory
from tests.api.running import SECONDS, RunningApi, cpu, running_api
from tests.api.streams import OPENING, closing_of, overwhelm_slow_client
from tests.services.processes import wait_until

STOP_SECONDS = 1.5


class ClosedHistory(UnavailableHistory):
    """A history that cannot be opened."""

    def open(self) -> None:
        raise HistoryUnavailableError("The history cannot be opened.")


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def new_server(folder: Path, host: str = "127.0.0.1", port: int = 0) -> ApiServer:
    settings = load_settings({"host_name": "alpha", "data_dir": folder, "mqtt_port": 1})
    live = Subscription(settings.broker, settings.topics, settings.host_name)
    return ApiServer(create_app(settings, live, UnavailableHistory()), host, port)


def stop_in_time(api: RunningApi) -> None:
    """Stop the API, and check that it takes no longer than a user waits."""
    begin = time.monotonic()
    api.server.stop()
    assert time.monotonic() - begin < STOP_SECONDS


def test_a_port_in_use_is_an_error_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SettingsError) as error:
            new_server(tmp_path, port=port).start()
    assert str(error.value) == (
        f"Cannot listen on 127.0.0.1:{port} (address already in use): "
        "choose another port with --http-port."
    )


def test_an_address_of_another_machine_is_an_error_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        new_server(tmp_path, host="192.0.2.7", port=8000).start()
    assert str(error.value) == (
        "Cannot listen on 192.0.2.7:8000 (cannot assign requested address): "
        "choose another address with --http-host."
    )


def test_an_application_that_cannot_start_is_an_error_in_one_sentence_and_leaves_no_thread(
    tmp_path: Path, shared_bus: BusConnection, caplog: pytest.LogCaptureFixture
) -> None:
    before = set(threading.enumerate())
    with (
        pytest.raises(SettingsError, match=r"^The API could not start on 127\.0\.0\.1:\d+\.$"),
        running_api(shared_bus, tmp_path, reader=ClosedHistory()),
    ):
        pass
    assert [each.getMessage() for each in caplog.records] == [
        "telemetry.errors.HistoryUnavailableError: The history cannot be opened.",
        "Application startup failed. Exiting.",
    ]
    wait_until(lambda: set(threading.enumerate()) <= before, "no thread is left", SECONDS)


def test_a_port_is_free_again_once_the_server_has_stopped(tmp_path: Path) -> None:
    server = new_server(tmp_path)
    server.stop()
    server.start()
    port = server.port
    server.stop()
    server.stop()
    again = new_server(tmp_path, port=port)
    again.start()
    again.stop()


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_it_listens_on_ipv6_too(tmp_path: Path) -> None:
    server = new_server(tmp_path, host="::1")
    server.start()
    try:
        with socket.create_connection(("::1", server.port), timeout=SECONDS) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: [::1]\r\nConnection: close\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
    finally:
        server.stop()


def has_date_of_now(api: RunningApi) -> bool:
    before = int(time.time())
    date = parsedate_to_datetime(api.get("/healthz").headers["date"]).timestamp()
    return before <= date <= time.time()


def test_a_response_has_the_date_of_its_second(api: RunningApi) -> None:
    first = int(time.time())
    assert has_date_of_now(api)
    wait_until(lambda: time.time() >= first + 1, "the next second")
    assert has_date_of_now(api)


def test_a_response_on_a_kept_connection_does_not_wait_for_the_client(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    delays: list[bool] = []

    class Protocol(HttpProtocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            accepted = transport.get_extra_info("socket")
            delays.append(not accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    monkeypatch.setattr("api.serving.server.HttpProtocol", Protocol)
    api.server.stop()
    api.server.start()
    assert api.get("/healthz").status_code == 200
    assert delays == [False]


def test_a_server_that_has_stopped_leaves_no_thread(
    shared_bus: BusConnection, tmp_path: Path
) -> None:
    before = set(threading.enumerate())
    with running_api(shared_bus, tmp_path) as api, api.stream() as stream:
        api.send(cpu())
        stream.recv(timeout=SECONDS)
        api.json("/api/v1/system/history")
        api.get("/")
    wait_until(lambda: set(threading.enumerate()) <= before, "no thread is left", SECONDS)


def test_websockets_are_closed_with_a_code_when_the_server_stops(
    api: RunningApi, caplog: pytest.LogCaptureFixture
) -> None:
    with ExitStack() as stack:
        streams = [stack.enter_context(api.stream()) for _ in range(5)]
        wait_until(lambda: api.live.hub.clients == 5, "all have joined", SECONDS)
        stop_in_time(api)
        assert [closing_of(stream)[0] for stream in streams] == [1012] * 5
    assert api.live.hub.clients == 0
    assert caplog.records == []


def test_silent_clients_do_not_delay_the_stop(
    api: RunningApi, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        api.socket(),
        api.socket(b"GET /healthz HTTP/1.1\r\nHost: local"),
        api.socket(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n1"),
        api.socket(OPENING),
        api.socket(OPENING + b"\r\n\x81\xfe"),
    ):
        wait_until(lambda: api.live.hub.clients == 1, "the client has joined", SECONDS)
        stop_in_time(api)
    assert caplog.records == []


def test_a_client_that_never_reads_does_not_delay_the_stop(
    api: RunningApi, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.live.client.QUEUE_FRAMES", 8)
    with api.socket(OPENING + b"\r\n", receive_buffer=4096):
        wait_until(lambda: api.live.hub.clients == 1, "the client has joined", SECONDS)
        overwhelm_slow_client(api)
        stop_in_time(api)
    assert caplog.records == []


def test_a_history_that_hangs_does_not_delay_the_stop(
    shared_bus: BusConnection, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    history = HangingHistory()
    with (
        running_api(shared_bus, tmp_path, reader=history) as api,
        api.socket(b"GET /api/v1/system/history HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ):
        wait_until(lambda: history.calls == 1, "the history is queried", SECONDS)
        stop_in_time(api)
        history.release.set()
    assert not any(each.exc_info for each in caplog.records)


def test_a_client_that_answers_no_ping_is_closed(
    shared_bus: BusConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.serving.server._PING_SECONDS", 0.1)
    with (
        running_api(shared_bus, tmp_path) as api,
        api.stream() as alive,
        api.socket(OPENING + b"\r\n"),
    ):
        wait_until(lambda: api.live.hub.clients == 2, "both have joined", SECONDS)
        wait_until(lambda: api.live.hub.clients == 1, "the silent one is closed", SECONDS)
        api.send(cpu())
        assert alive.recv(timeout=SECONDS)
