"""A running API with a real broker and a real history, for tests."""

import contextlib
import socket
import ssl
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

from api.app import create_app
from api.live.subscription import Subscription
from api.serving.server import ApiServer
from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import Publication
from telemetry.catalogue import SAMPLES, Retention, family_of
from telemetry.clock import unix_milliseconds
from telemetry.history.port import HistoryReader
from telemetry.history.sqlite import SqliteReader, SqliteWriter
from telemetry.reports import Reporter
from telemetry.samples import Sample
from telemetry.settings import Settings
from telemetry.settings.loading import load_settings
from telemetry.status import CollectorState, CollectorStatus, SensorReport
from tests.services.processes import wait_until

SECONDS = 10.0
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # loading certificates would take 100 ms

CPU = {"utilization": 12.5, "per_core": [10.0, 15.0]}
GPU = {
    "utilization": 75.0,
    "memory_used": 1,
    "memory_total": 2,
    "temperature": 60.0,
    "power": 200.0,
}


def cpu(host: str = "alpha", age: int = 0, **values: object) -> Sample:
    """Return a sample that was taken ``age`` milliseconds ago."""
    return Sample("system/cpu", host, unix_milliseconds() - age, {**CPU, **values})


def gpu(index: int, host: str = "alpha", timestamp: int | None = None) -> Sample:
    return Sample(f"system/gpu/{index}", host, timestamp or unix_milliseconds(), GPU)


def processes(index: int, *listed: Mapping[str, object], host: str = "alpha") -> Sample:
    values = {"processes": listed, "more": 0, "unresolved": 0, "note": None}
    return Sample(f"system/gpu/{index}/processes", host, unix_milliseconds(), values)


def instance(gpu: int, index: int, age: int = 0, host: str = "alpha") -> Sample:
    values = {"memory_used": index, "memory_total": 10, "gpu_instance": index + 7}
    return Sample(f"system/gpu/{gpu}/mig/{index}", host, unix_milliseconds() - age, values)


def every_family(host: str = "alpha") -> list[Sample]:
    """Return a sample of each family, built from the catalogue's examples."""
    return [
        Sample(
            family.channel.format(id=0, n=0),
            host,
            unix_milliseconds(),
            {field.name: field.example for field in family.fields},
        )
        for family in SAMPLES
    ]


def status(host: str = "alpha", **fields: Any) -> CollectorStatus:
    values: dict[str, Any] = {
        "timestamp": unix_milliseconds(),
        "state": CollectorState.ONLINE,
        "version": "1.2.3",
        "started": unix_milliseconds() - 60_000,
        "interval": 2.0,
    }
    return CollectorStatus(host, **(values | fields))


def gpu_report(report: SensorReport) -> Mapping[str, SensorReport]:
    return {"gpu": report}


def _is_stored(sample: Sample) -> bool:
    family = family_of(sample.channel)
    return family is not None and family.retention is Retention.WINDOW


@dataclass
class RunningApi:
    """The API, with helpers to feed and query it."""

    settings: Settings
    live: Subscription
    server: ApiServer
    bus: BusConnection
    writer: SqliteWriter
    client: httpx.Client

    def get(self, path: str, **parameters: Any) -> httpx.Response:
        return self.client.get(path, params=parameters or None)

    def json(self, path: str, **parameters: Any) -> Any:
        response = self.get(path, **parameters)
        assert response.status_code == 200, response.text
        return response.json()

    def error(self, path: str, **parameters: Any) -> tuple[int, str, str]:
        """Return status, code and message of a request that is expected to fail."""
        response = self.get(path, **parameters)
        assert response.status_code >= 400, response.text
        body = response.json()
        details = {"parts"} if path == "/readyz" else set()
        assert body.keys() - details == {"error"}
        assert body["error"].keys() == {"code", "message"}
        return response.status_code, body["error"]["code"], body["error"]["message"]

    def stream(self, path: str = "/api/v1/system/ws", **options: Any) -> ClientConnection:
        """Connect a WebSocket; use it in a ``with`` statement."""
        url = f"ws://127.0.0.1:{self.server.port}{path}"
        stream: ClientConnection = connect(url, open_timeout=SECONDS, proxy=None, **options)
        return stream

    def socket(self, data: bytes = b"", *, receive_buffer: int | None = None) -> socket.socket:
        """Connect and send ``data``; the caller closes the socket."""
        connection = socket.socket()
        if receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(SECONDS)
        connection.connect(("127.0.0.1", self.server.port))
        connection.sendall(data)
        return connection

    def raw(self, data: bytes) -> bytes:
        """Send ``data``; return everything received until the server closes the connection."""
        with self.socket(data) as connection:
            return b"".join(iter(lambda: connection.recv(65_536), b""))

    def send(self, content: Sample | CollectorStatus) -> None:
        """Publish ``content`` as a collector would."""
        channel = content.channel if isinstance(content, Sample) else "system/status"
        self.send_raw(self.settings.topics.topic(content.host, channel), content.payload())

    def send_raw(self, topic: str, payload: bytes) -> None:
        self.bus.publish(Publication(topic, payload, retain=True))

    def feed(self, *contents: Sample | CollectorStatus) -> None:
        """Publish ``contents`` and wait until the API has received them."""
        for content in contents:
            self.send(content)
        wait_until(lambda: all(map(self.knows, contents)), "the API has received it", SECONDS)

    def wait_until_received(self) -> None:
        """Wait until the API's connection has received everything sent so far."""
        before = self.live.malformed.total()
        self.send_raw(self.settings.topics.topic("alpha", "system/cpu"), b"not a sample")
        wait_until(lambda: self.live.malformed.total() > before, "it is received", SECONDS)

    def knows(self, content: Sample | CollectorStatus) -> bool:
        state = self.live.newest.hosts.get(content.host)
        known = [] if state is None else [each.content for each in list(state.updates.values())]
        times = {(each.host, getattr(each, "channel", None), each.timestamp) for each in known}
        return (content.host, getattr(content, "channel", None), content.timestamp) in times

    def store(self, *samples: Sample) -> None:
        """Write ``samples`` to the history, without families that have none."""
        self.writer.write([each for each in samples if _is_stored(each)])


@contextlib.contextmanager
def running_api(
    bus: BusConnection,
    folder: Path,
    *,
    reader: HistoryReader | None = None,
    others: Sequence[Reporter] = (),
    connected: bool = True,
    **options: object,
) -> Iterator[RunningApi]:
    """Run an API with its own topics and history, ``connected`` to the broker."""
    settings = load_settings(
        {
            "mqtt_port": bus.address.port,
            "topic_prefix": f"test-{uuid.uuid4().hex}",
            "host_name": "alpha",
            "data_dir": folder,
            **options,
        }
    )
    file = folder / "history.sqlite3"
    writer = SqliteWriter(file, settings.spans)
    live = Subscription(settings.broker, settings.topics, settings.host_name, settings.limits)
    app = create_app(settings, live, reader or SqliteReader(file, settings.spans), others)
    server = ApiServer(app, "127.0.0.1", 0)
    with contextlib.ExitStack() as stack:
        stack.callback(writer.close)
        writer.open()
        stack.callback(server.stop)
        server.start()
        if connected:
            wait_until(lambda: live.outage is None, "the API is subscribed", SECONDS)
        client = stack.enter_context(_client(server.port))
        yield RunningApi(settings, live, server, bus, writer, client)


def _client(port: int) -> httpx.Client:
    return httpx.Client(
        base_url=f"http://127.0.0.1:{port}",
        timeout=SECONDS,
        trust_env=False,
        verify=_NO_TLS,
        limits=httpx.Limits(max_keepalive_connections=0),
    )
