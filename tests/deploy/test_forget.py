"""``system-monitor forget`` with real brokers."""

import json
from typing import Any

import pytest

from deploy import command
from deploy.roles import forget
from telemetry.bus.address import BrokerAddress
from telemetry.bus.topics import TopicScheme
from telemetry.settings.loading import load_settings
from tests.collector.test_collector import collecting
from tests.deploy.test_mosquitto import Broker, Session, publish
from tests.deploy.test_mosquitto import broker as guarded  # noqa: F401 - a fixture
from tests.fakes.sensors import CountingSensor
from tests.services.embedded import Listener
from tests.services.processes import free_port, wait_until

FLEET = ["--topic-prefix", "fleet/{host}"]

pytestmark = pytest.mark.usefixtures("own_settings")


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.retained._QUIET_SECONDS", 0.3)
    monkeypatch.setattr("deploy.retained._REMOVED_SECONDS", 1.0)


@pytest.fixture(params=["broker", "own_mosquitto"])
def port(request: pytest.FixtureRequest) -> int:
    found: int = request.getfixturevalue(request.param).port
    return found


def sample(host: str, **fields: object) -> str:
    return json.dumps({"host": host, "timestamp": 1, "utilization": 1, "per_core": [], **fields})


def forgotten(port: int, host: str, capsys: pytest.CaptureFixture[str], *more: str) -> list[str]:
    """Run the command, and return the lines that it prints."""
    code = command.run(["forget", host, "--mqtt-url", f"mqtt://127.0.0.1:{port}", *more])
    said = capsys.readouterr()
    assert (code, said.err) == (0, "")
    return said.out.splitlines()


def retained(port: int) -> set[str]:
    """Return the topics that the broker retains; one of them must be ``end``."""
    with Listener(port) as listener:
        listener.wait_for("end")
        listener.publish("after the retained ones", "x")  # which arrive in any order
        listener.wait_for("after the retained ones")
        return {each.topic for each in listener.received if each.retained}


def summary(what: str, host: str, port: int) -> str:
    return f"Removed {what} of {host!r} from the broker at mqtt://127.0.0.1:{port}."


def test_the_topics_of_one_host_are_removed_and_listed(
    port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    junk = [f"fleet/old/system/{number}" for number in range(150)]  # a broker may deliver only 100
    mine = ["fleet/old/system/cpu", "fleet/old/system/status", *junk]
    others = {"fleet/older/system/cpu", "fleet/old/other", "end"}
    with Listener(port) as client:
        for topic in (*mine, *others):
            client.publish(topic, "x", retain=True)
        assert forgotten(port, "old", capsys, *FLEET) == [
            *sorted(mine),
            summary("152 retained messages", "old", port),
        ]
        assert all(client.on(topic) == [b"x", b""] for topic in mine)
    assert retained(port) == others


def test_where_hosts_share_topics_the_payload_decides(
    port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with Listener(port) as client:
        client.publish("system/cpu", sample("old"), retain=True)
        client.publish("system/gpu/0", sample("other"), retain=True)
        client.publish("system/gpu/1", "old", retain=True)
        client.publish("end", "old", retain=True)
        assert forgotten(port, "old", capsys) == [
            "system/cpu",
            summary("1 retained message", "old", port),
        ]
        assert forgotten(port, "old", capsys) == [summary("no retained messages", "old", port)]
    assert retained(port) == {"system/gpu/0", "system/gpu/1", "end"}


def test_the_devices_of_a_host_in_home_assistant_are_removed(
    port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = "homeassistant/device/old/gpu_0/config"
    other = "homeassistant/device/older/host/config"
    with Listener(port) as client:
        for topic in (mine, other, "end"):
            client.publish(topic, "{}", retain=True)
        assert forgotten(port, "old", capsys) == [mine, summary("1 retained message", "old", port)]
    assert retained(port) == {other, "end"}


def test_of_a_running_collector_only_what_it_no_longer_reads_is_gone(
    port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    topics, address = TopicScheme("fleet/{host}"), BrokerAddress("127.0.0.1", port)
    with Listener(port) as client, collecting(address, CountingSensor(), topics=topics):
        client.publish("fleet/me/system/gpu/7", "gone", retain=True)
        client.wait_for("fleet/me/system/cpu")
        client.wait_for("fleet/me/system/status")
        assert "fleet/me/system/gpu/7" in forgotten(port, "me", capsys, *FLEET)
        client.received.clear()
        client.wait_for("fleet/me/system/cpu")
        client.publish("end", "x", retain=True)
        assert retained(port) - {"fleet/me/system/status"} == {"fleet/me/system/cpu", "end"}


def test_a_broker_that_cannot_be_reached_is_one_sentence_and_exit_code_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    address = f"mqtt://127.0.0.1:{free_port()}"
    assert command.run(["forget", "old", "--mqtt-url", address]) == 1
    sentence = f"The broker at {address} cannot be reached (connection refused)."
    assert capsys.readouterr() == ("", f"system-monitor: {sentence}\n")


def test_a_host_may_remove_its_own_topics_at_the_shipped_broker_and_no_others(
    guarded: Broker,  # noqa: F811 - the fixture
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(user: str, host: str) -> int:
        options: dict[str, Any] = {
            "mqtt_url": f"mqtt://{user}:{user[::-1]}@127.0.0.1:{guarded.port}",
            "topic_prefix": "fleet/{host}",
            "host_name": host,
        }
        return forget.run(load_settings(options))

    publish(guarded, "gpu-08", "fleet/gpu-08/system/cpu")
    assert run("gpu-07", "gpu-08") == 0
    assert "Removed no retained messages of 'gpu-08'" in capsys.readouterr().out
    assert run("reader", "gpu-08") == 1
    assert "still retains messages of 'gpu-08' (1 of 1)" in capsys.readouterr().err
    assert run("gpu-08", "gpu-08") == 0
    assert capsys.readouterr().out.startswith(
        "fleet/gpu-08/system/cpu\nRemoved 1 retained message of"
    )
    with Session(guarded, "reader", "fleet/gpu-08/#") as session:
        publish(guarded, "gpu-08", "fleet/gpu-08/system/disk")
        wait_until(lambda: bool(session.received), "a message")
        assert [topic for topic, _ in session.received] == ["fleet/gpu-08/system/disk"]
