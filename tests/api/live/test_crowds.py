"""Many clients at once, and clients that use more than their share."""

import json
import logging
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest
from websockets.sync.client import connect

from api.live import websocket
from api.serving.protocols import _UNREAD_BYTES
from deploy.embedded_broker import EmbeddedBroker
from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import Publication
from tests.api.crowd import MANY_MESSAGES, PINGS, crowd, wait_for_line
from tests.api.running import SECONDS, RunningApi, cpu, gpu
from tests.api.streams import OPENING, WS, busy_loop, receive
from tests.deploy.monitor import Monitor, running
from tests.services.embedded import Listener
from tests.services.processes import free_port, wait_until

log = logging.getLogger(__name__)


def is_closed(connection: socket.socket) -> bool:
    """Return whether the server closes ``connection`` in time."""
    try:
        while connection.recv(65_536):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


def test_ten_thousand_messages_at_once_do_not_starve_other_clients(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    handled = 0
    handle = websocket._handle  # noqa: SLF001 - to count the calls

    def count_and_handle(*arguments: object) -> None:
        nonlocal handled
        handled += 1
        handle(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(websocket, "_handle", count_and_handle)
    with api.stream() as other, api.socket(OPENING + b"\r\n") as connection:
        wait_until(lambda: api.live.hub.clients == 2, "both have joined", SECONDS)
        sending = threading.Thread(target=lambda: is_sent(connection, MANY_MESSAGES))
        sending.start()
        wait_until(lambda: handled > 0, "they arrive", SECONDS)
        for number in range(20):
            before = handled
            api.send(cpu(utilization=float(number)))
            assert receive(other)["data"]["utilization"] == number
            assert handled - before < 1000
        connection.shutdown(socket.SHUT_RDWR)
        sending.join()


def test_many_updates_at_once_do_not_delay_requests(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = 0

    def send_to_many(_update: object) -> None:
        nonlocal sent
        sent += 1
        time.sleep(0.005)  # as a thousand clients take

    monkeypatch.setattr(api.live.hub, "publish", send_to_many)
    with busy_loop(api):
        for number in range(200):
            api.send(gpu(number))
        api.wait_until_received()
    api.json("/healthz")
    assert sent < 100
    wait_until(lambda: sent == 201, "all are sent", SECONDS)


def is_sent(connection: socket.socket, data: bytes) -> bool:
    try:
        connection.sendall(data)
    except OSError:
        return False
    return True


def test_a_client_that_does_not_read_its_pongs_is_disconnected(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.serving.protocols._BYTES_PER_SECOND", 1e9)  # to keep the test short
    with api.socket(OPENING + b"\r\n", receive_buffer=4096) as connection:
        wait_until(lambda: api.live.hub.clients == 1, "it has joined", SECONDS)
        sent = 0
        while is_sent(connection, PINGS):
            sent += len(PINGS)
            assert sent < 20 * _UNREAD_BYTES
        wait_until(lambda: api.live.hub.clients == 0, "it has left", SECONDS)


def test_connections_beyond_the_limit_are_refused_until_others_close(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.serving.connections.most_connections", lambda: 3)
    with api.stream() as first, api.stream(), api.socket():
        with api.socket() as refused:
            assert is_closed(refused)
        api.send(cpu())
        assert receive(first)["channel"] == "system/cpu"
    wait_until(lambda: api.live.hub.clients == 0, "they have left", SECONDS)
    assert api.json("/healthz") == {"status": "ok"}


@pytest.mark.soak
def test_clients_cannot_use_up_all_open_files_of_the_process(tmp_path: Path) -> None:
    options = ["--http-port", str(free_port()), "--mqtt-port", str(free_port())]
    options += ["--interval-seconds", "0.2"]
    with running(tmp_path, "up", *options) as monitor, ExitStack() as stack:
        files = monitor.process.num_fds() + 260
        monitor.process.rlimit(psutil.RLIMIT_NOFILE, (files, files))
        for _ in range(400):
            with suppress(ConnectionError):  # it is refused
                address = ("127.0.0.1", monitor.http_port)
                connection = stack.enter_context(socket.create_connection(address, SECONDS))
                connection.sendall(OPENING + b"\r\n")
        with Listener(monitor.mqtt_port, "system/cpu") as listener:
            listener.wait_for("system/cpu", 4)
    (line,) = monitor.stderr.splitlines()
    assert "connections are in use" in line


@pytest.fixture
def api_process(tmp_path: Path) -> Iterator[tuple[Monitor, BusConnection]]:
    """Run an API as a separate process with its own broker."""
    broker = EmbeddedBroker("127.0.0.1", free_port())
    broker.start()
    bus = BusConnection(BrokerAddress(broker.host, broker.port), "crowds")
    bus.start()
    options = ["--mqtt-url", f"mqtt://127.0.0.1:{broker.port}", "--http-port", str(free_port())]
    options += ["--data-dir", str(tmp_path / "data")]
    with running(tmp_path, "api", *options) as monitor:
        yield monitor, bus
    bus.stop()
    broker.stop()


def delays(monitor: Monitor, bus: BusConnection, pause: float) -> list[float]:
    """Return the seconds that each of 300 samples took from publication to a WebSocket."""
    finished = threading.Event()
    sent: dict[float, float] = {}

    def publish() -> None:
        while not finished.wait(pause):
            number = float(len(sent))
            sent[number] = time.monotonic()
            bus.publish(Publication("system/cpu", cpu(utilization=number).payload(), retain=True))

    url = f"ws://127.0.0.1:{monitor.http_port}{WS}/system/cpu"
    with connect(url, proxy=None) as stream:
        publisher = threading.Thread(target=publish)
        publisher.start()
        took: list[float] = []
        while len(took) < 300:
            number = json.loads(stream.recv(timeout=SECONDS))["data"]["utilization"]
            if number in sent:  # otherwise it is a retained one
                took.append(time.monotonic() - sent[number])
        finished.set()
        publisher.join()
    return took


@pytest.mark.soak
@pytest.mark.parametrize(
    ("kind", "count"),
    [("unread", 20), ("large", 2), ("many", 2), ("pings", 2), ("idle", 1000), ("watching", 1000)],
)
def test_a_crowd_delays_other_clients_little_and_uses_little_memory(
    api_process: tuple[Monitor, BusConnection], kind: str, count: int
) -> None:
    monitor, bus = api_process
    pause = 0.4 if kind == "watching" else 0.05  # the rate of a machine with five families
    alone = delays(monitor, bus, pause)
    memory = monitor.process.memory_info().rss
    with crowd(monitor.http_port, kind, count):
        beside = delays(monitor, bus, pause)
        grown = monitor.process.memory_info().rss - memory
    before, after = (statistics.quantiles(each, n=100)[98] for each in (alone, beside))
    log.info(
        "%d %s: p99 %.1f ms, %.1f ms without them; %.1f MB more memory",
        *(count, kind, after * 1e3, before * 1e3, grown / 1e6),
    )
    # A thousand watching clients need a write each; 20 ms allow for other work on this machine.
    assert after < (0.25 if kind == "watching" else max(2 * before, 0.02))
    assert grown < 100e6


@pytest.mark.soak
@pytest.mark.parametrize("count", [50, 1000])
def test_clients_of_a_killed_api_are_served_again_within_five_seconds(
    api_process: tuple[Monitor, BusConnection], tmp_path: Path, count: int
) -> None:
    monitor, bus = api_process
    bus.publish(Publication("system/cpu", cpu().payload(), retain=True))
    arguments = monitor.process.cmdline()
    options = arguments[arguments.index("api") + 1 :]
    with crowd(monitor.http_port, "watching", count) as clients:
        assert wait_for_line(clients, "served") == "served"
        monitor.process.kill()
        monitor.process.wait(SECONDS)
        began = time.monotonic()
        with running(tmp_path / "again", "api", *options, wait=False):
            assert wait_for_line(clients, "served") == "served"
            took = time.monotonic() - began
    log.info("%d clients: live again %.1f s after the start of the next api", count, took)
    assert took < 5
