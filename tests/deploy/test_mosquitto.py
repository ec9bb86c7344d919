"""Mosquitto with the configuration, access rules and TLS example that we ship."""

import base64
import getpass
import hashlib
import secrets
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import AT_LEAST_ONCE, LastWill, Message, Publication
from tests.services.availability import find_mosquitto, unavailable
from tests.services.mosquitto import SHIPPED, shipped_lines
from tests.services.processes import ServerProcess, free_port, wait_until

MACHINES = ("gpu-07", "gpu-08")
USERS = (*MACHINES, "ingester", "advisor", "api", "reader", "marker", "homeassistant", "health")
EVERYTHING = "fleet/+/system/#"
OWN_PATHS = {"listener", "password_file", "acl_file", "include_dir", "persistence_location"}
BACKLOG = 2500  # Mosquitto's own limit is 1000


def password_line(user: str, password: str) -> str:
    """Return what ``mosquitto_passwd`` writes: PBKDF2 with SHA-512, 101 rounds."""
    salt = secrets.token_bytes(12)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 101)
    return f"{user}:$7$101${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}"


@dataclass
class Broker:
    """A running broker; each user's password is its name, backwards."""

    port: int
    tls_port: int
    certificate: Path
    server: ServerProcess

    def address(self, user: str) -> BrokerAddress:
        return BrokerAddress("127.0.0.1", self.port, username=user, password=user[::-1])


def make_certificate(folder: Path) -> None:
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", f"{folder}/server.key", "-out", f"{folder}/server.crt"]
    subprocess.run(["openssl", "req", "-x509", *key, *subject, *files], check=True)
    (folder / "ca.crt").write_bytes((folder / "server.crt").read_bytes())


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    program = find_mosquitto()
    if program is None:
        unavailable("mosquitto")
    folder = tmp_path_factory.mktemp("guarded")
    passwords = folder / "passwords"
    passwords.write_text("\n".join(password_line(user, user[::-1]) for user in USERS))
    make_certificate(folder)
    port, tls_port = free_port(), free_port()
    example = (SHIPPED.parent / "conf.d" / "tls.conf.example").read_text()
    tls = example.replace("listener 8883", f"listener {tls_port} 127.0.0.1")
    file = folder / "mosquitto.conf"
    own = [
        f"user {getpass.getuser()}",  # Mosquitto would switch to a user that cannot read this
        f"listener {port} 127.0.0.1",
        f"password_file {passwords}",
        f"acl_file {SHIPPED.parent / 'acl'}",
        f"persistence_location {folder}/",
    ]
    lines = [*own, *shipped_lines(OWN_PATHS), tls.replace("/run/secrets/tls", str(folder))]
    file.write_text("\n".join(lines))

    def accepts() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", tls_port)) == 0

    server = ServerProcess([program, "-c", str(file)], folder / "log", accepts)
    server.start()
    yield Broker(port, tls_port, folder / "ca.crt", server)
    server.stop()


class Session:
    """A client that has subscribed to ``topic_filter``, and the messages it has received."""

    def __init__(self, broker: Broker, user: str, topic_filter: str, *, keep: bool = False) -> None:
        self.received: list[tuple[str, bytes]] = []
        # Mosquitto skips the patterns of its access list for a client with a wildcard in its id.
        readable = topic_filter.translate({ord("#"): "all", ord("+"): "each"})
        self.name = f"test-{user}-{readable}"
        self.bus = BusConnection(broker.address(user), self.name, keep_session=keep)
        self.bus.on_connected = lambda: self.bus.subscribe(topic_filter, AT_LEAST_ONCE)
        self.bus.on_message = self._receive
        self.bus.start()
        assert self.bus.wait_subscribed(5), self.bus.outage

    def _receive(self, message: Message) -> None:
        self.received.append((message.topic, message.payload))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.bus.stop()


def publish(broker: Broker, user: str, *topics: str, payload: bytes = b"1") -> None:
    """Publish as ``user``, and return once the broker has acknowledged everything."""
    acknowledged: list[None] = []
    bus = BusConnection(broker.address(user), f"test-{user}-{secrets.token_hex(4)}")
    bus.on_published = lambda _: acknowledged.append(None)
    bus.start()
    try:
        assert bus.wait_connected(5), bus.outage
        for topic in topics:
            bus.publish(Publication(topic, payload, retain=True))
        wait_until(lambda: len(acknowledged) == len(topics), "the acknowledgements")
    finally:
        bus.stop()


@pytest.mark.parametrize(("user", "password"), [(None, None), ("gpu-07", "wrong")])
def test_a_client_without_the_password_is_rejected(
    broker: Broker, user: str | None, password: str | None
) -> None:
    bus = BusConnection(BrokerAddress("127.0.0.1", broker.port, False, user, password), "stranger")  # noqa: FBT003
    bus.start()
    try:
        wait_until(lambda: bus.failure is not None, "the refusal")
        assert not bus.connected
    finally:
        bus.stop()


@pytest.mark.parametrize("consumer", ["ingester", "advisor", "api", "reader"])
def test_a_consumer_receives_every_machine(broker: Broker, consumer: str) -> None:
    topics = {f"fleet/{host}/system/{consumer}" for host in ("gpu-07", "gpu-08")}
    with Session(broker, consumer, EVERYTHING) as session:
        for topic in topics:
            publish(broker, topic.split("/")[1], topic)
        wait_until(lambda: topics <= {topic for topic, _ in session.received}, "both machines")


def test_a_collector_writes_only_its_own_topics(broker: Broker) -> None:
    with Session(broker, "reader", "#") as session:
        foreign = ("fleet/gpu-08/system/cpu", "system/cpu", "fleet/gpu-07", "fleet/gpu-07/other")
        publish(broker, "gpu-07", *foreign, "fleet/gpu-07/system/cpu", payload=b"mine")
        wait_until(lambda: b"mine" in [each for _, each in session.received], "the sample")
    assert [each for each in session.received if each[1] == b"mine"] == [
        ("fleet/gpu-07/system/cpu", b"mine")
    ]


def test_a_collector_receives_only_its_own_topics(broker: Broker) -> None:
    with ExitStack() as stack:
        reader = stack.enter_context(Session(broker, "reader", EVERYTHING))
        collector = stack.enter_context(Session(broker, "gpu-08", "#"))
        publish(broker, "gpu-07", "fleet/gpu-07/system/memory", "fleet/gpu-07/system/status")
        publish(broker, "gpu-08", "fleet/gpu-08/system/status", payload=b"own")
        wait_until(lambda: b"own" in [payload for _, payload in reader.received], "the last")
        own = ("fleet/gpu-08/system/status", b"own")
        wait_until(lambda: own in collector.received, "the own status")
        assert {topic.split("/")[1] for topic, _ in collector.received} == {"gpu-08"}


@pytest.mark.parametrize("consumer", ["ingester", "advisor", "api", "reader", "health"])
def test_a_consumer_writes_nothing(broker: Broker, consumer: str) -> None:
    with Session(broker, "reader", "#") as session:
        publish(broker, consumer, f"fleet/{consumer}/system/cpu", "fleet/gpu-07/system/cpu", "a")
        publish(broker, "gpu-07", "fleet/gpu-07/system/disk", payload=consumer.encode())
        wait_until(lambda: consumer.encode() in [each for _, each in session.received], "the last")
        topics = {topic for topic, _ in session.received}
    assert f"fleet/{consumer}/system/cpu" not in topics


def test_the_marker_publishes_annotations_of_every_machine_and_nothing_else(
    broker: Broker,
) -> None:
    own = "fleet/gpu-07/system/annotations"
    others = (
        "system/cpu",
        "system/annotations/x",
        "system/runs/r",
        "system/findings/idle_gpu/gpu0",
    )
    foreign = [f"fleet/gpu-07/{each}" for each in others]
    foreign += ["system/annotations", "fleet/marker/system/cpu", "fleet/gpu-07/annotations"]
    with Session(broker, "reader", "#") as session:
        publish(broker, "marker", *foreign, own, payload=b"marked")
        wait_until(lambda: b"marked" in [each for _, each in session.received], "the annotation")
    assert [topic for topic, payload in session.received if payload == b"marked"] == [own]


def test_the_advisor_publishes_findings_of_every_machine_and_nothing_else(broker: Broker) -> None:
    own = [f"fleet/{host}/system/findings/idle_gpu/gpu0" for host in ("gpu-07", "gpu-08")]
    others = ("system/cpu", "system/annotations", "system/runs/r", "system/status")
    foreign = [f"fleet/gpu-07/{each}" for each in others]
    foreign += ["system/findings/idle_gpu/gpu0", "fleet/advisor/system/findings/idle_gpu/gpu0"]
    with Session(broker, "reader", "#") as session:
        publish(broker, "advisor", *foreign, *own, payload=b"found")
        found = [(topic, b"found") for topic in own]
        wait_until(lambda: set(found) <= set(session.received), "the findings")
    assert [each for each in session.received if each[1] == b"found"] == found


def test_the_marker_receives_nothing(broker: Broker) -> None:
    topic = "fleet/gpu-08/system/annotations"
    with ExitStack() as stack:
        reader = stack.enter_context(Session(broker, "reader", EVERYTHING))
        marker = stack.enter_context(Session(broker, "marker", "#"))
        publish(broker, "gpu-08", topic, "fleet/gpu-08/system/disk", payload=b"unmarked")
        publish(broker, "marker", topic, payload=b"from the marker")
        wait_until(lambda: (topic, b"from the marker") in reader.received, "the annotation")
        assert marker.received == []


def test_a_collector_announces_only_its_own_devices_to_home_assistant(broker: Broker) -> None:
    own, birth = "homeassistant/device/gpu-07/host/config", "homeassistant/status"
    foreign = ["homeassistant/device/gpu-08/host/config", "homeassistant/sensor/x/config", birth]
    with ExitStack() as stack:
        home = stack.enter_context(Session(broker, "homeassistant", "homeassistant/#"))
        collector = stack.enter_context(Session(broker, "gpu-07", birth))
        publish(broker, "gpu-07", *foreign, own, payload=b"device")
        publish(broker, "ingester", "homeassistant/device/ingester/host/config")
        publish(broker, "homeassistant", birth, payload=b"online")
        wait_until(lambda: (birth, b"online") in collector.received, "the birth")
        wait_until(lambda: (birth, b"online") in home.received, "the birth")
        assert home.received == [(own, b"device"), (birth, b"online")]


def test_a_collector_cannot_forge_anothers_status_with_its_last_will(broker: Broker) -> None:
    will = LastWill("fleet/gpu-08/system/status", b"forged")
    with Session(broker, "reader", EVERYTHING) as session:
        forger = Client(
            CallbackAPIVersion.VERSION2, client_id="forger", protocol=MQTTProtocolVersion.MQTTv311
        )
        forger.username_pw_set("gpu-07", "70-upg")
        forger.will_set(will.topic, will.payload, AT_LEAST_ONCE, retain=True)
        forger.connect("127.0.0.1", broker.port)
        forger.loop_start()
        wait_until(forger.is_connected, "the forger's connection")
        forger.loop_stop()
        del forger  # its socket closes without a DISCONNECT
        publish(broker, "gpu-08", "fleet/gpu-08/system/status", payload=b"real")
        wait_until(lambda: b"real" in [each for _, each in session.received], "the real one")
        assert b"forged" not in [each for _, each in session.received]


def test_a_backlog_is_queued_for_a_disconnected_ingester(broker: Broker) -> None:
    topics = [f"fleet/gpu-07/system/{number}" for number in range(BACKLOG)]
    with Session(broker, "ingester", EVERYTHING, keep=True):
        pass
    publish(broker, "gpu-07", *topics)
    with Session(broker, "ingester", EVERYTHING, keep=True) as session:
        wait_until(lambda: len({topic for topic, _ in session.received}) >= BACKLOG, "the backlog")


def test_another_user_who_knows_the_client_id_cannot_take_over_the_session(broker: Broker) -> None:
    topic = "fleet/gpu-07/system/kept"
    with Session(broker, "ingester", EVERYTHING, keep=True) as session:
        name = session.name
    thief = Client(CallbackAPIVersion.VERSION2, name, protocol=MQTTProtocolVersion.MQTTv311)
    thief.username_pw_set("reader", "redaer")
    thief.connect("127.0.0.1", broker.port)
    thief.loop_start()
    wait_until(thief.is_connected, "the connection of the other")
    publish(broker, "gpu-07", topic, payload=b"backlog")
    thief.disconnect()
    thief.loop_stop()
    publish(broker, "gpu-07", topic, payload=b"newest")
    with Session(broker, "ingester", EVERYTHING, keep=True) as session:
        wait_until(lambda: (topic, b"newest") in session.received, "the newest")
        assert (topic, b"backlog") in session.received


def test_the_tls_example_accepts_tls_clients(broker: Broker) -> None:
    context = ssl.create_default_context(cafile=str(broker.certificate))
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311)
    client.tls_set_context(context)
    client.username_pw_set("reader", "redaer")
    client.connect("localhost", broker.tls_port)
    client.loop_start()
    try:
        wait_until(client.is_connected, "the connection")
    finally:
        client.disconnect()
        client.loop_stop()
