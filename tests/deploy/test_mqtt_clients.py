"""Third-party clients receive live samples from ``up``, in each version of MQTT."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence

import pytest

from tests.deploy.monitor import Monitor, free_ports, running
from tests.services.availability import skip_or_fail
from tests.services.embedded import EMBEDDED_BROKERS, broker_program
from tests.services.mqtt_clients import TCP_CLIENTS, WEBSOCKET_CLIENTS, Address, Receive
from tests.services.processes import free_port

CHANNEL = "system/cpu"
LABELS = {4: "MQTT", 5: "MQTT 5"}


@pytest.fixture(scope="module", params=EMBEDDED_BROKERS)
def up(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Monitor]:
    """Run ``up`` with each broker; it chooses the ports other than the main one."""
    folder = tmp_path_factory.mktemp("clients")
    program = broker_program(request.param, folder)
    options = [*free_ports(), "--embedded-broker", request.param, "--interval-seconds", "0.2"]
    if not program.one_port:
        options += ["--mqtt5-port", str(free_port())]
    if program.websockets:
        options += ["--mqtt-websocket-port", str(free_port())]
    variables = {"SYSTEM_MONITOR_MQTT5_PORT": ""}
    with running(folder, "up", *options, variables=variables) as monitor:
        yield monitor


def announced(up: Monitor, label: str) -> int | None:
    """Return the port that the start-up text names for ``label``."""
    found = re.search(rf"^  {label} +\w+://127\.0\.0\.1:(\d+)", up.stdout, re.MULTILINE)
    return int(found[1]) if found else None


def require_live_samples(payloads: Sequence[bytes]) -> None:
    """Require that ``payloads`` are the retained sample and those after it."""
    times = [json.loads(payload)["timestamp"] for payload in payloads]
    assert times == sorted(set(times))


@pytest.mark.parametrize("version", LABELS)
@pytest.mark.parametrize("receive", TCP_CLIENTS)
def test_a_client_receives_live_samples(up: Monitor, receive: Receive, version: int) -> None:
    port = announced(up, LABELS[version])
    assert port is not None
    require_live_samples(receive(Address(port, version), CHANNEL, 3))


@pytest.mark.parametrize("version", LABELS)
@pytest.mark.parametrize("receive", WEBSOCKET_CLIENTS)
def test_a_client_receives_live_samples_over_websocket(
    up: Monitor, receive: Receive, version: int
) -> None:
    port = announced(up, "MQTT on WS")
    if port is None:
        assert "without WebSocket" in up.stdout
        pytest.skip("this Mosquitto does not serve WebSocket")
    if version == 5 and announced(up, "MQTT") != announced(up, "MQTT 5"):
        pytest.skip("the bundled broker serves MQTT 3.1.1 only over WebSocket")
    require_live_samples(receive(Address(port, version, websocket=True), CHANNEL, 3))


def test_with_mosquitto_mqtt_explorer_can_subscribe_to_what_it_does_by_default(up: Monitor) -> None:
    if announced(up, "MQTT") != announced(up, "MQTT 5"):
        pytest.skip("the bundled broker closes the connection; see docs/operations.md")
    if shutil.which("mosquitto_sub") is None:
        skip_or_fail("mosquitto_sub is not on PATH: install mosquitto-clients")
    topics = ["-t", "#", "-t", "$SYS/#", "-F", "%t", "-W", "20"]
    command = ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(up.mqtt_port), *topics]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        missing = {"system/cpu", "$SYS/broker/version"}
        for topic in client.stdout:
            missing.discard(topic.strip())
            if not missing:
                break
        client.terminate()
    assert not missing
