"""`system-monitor replay` with real brokers and stores."""

import itertools
import json
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import command
from deploy.broker_access import started
from deploy.embedded_broker import EmbeddedBroker
from deploy.player import Player
from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.bus.topics import TopicScheme
from telemetry.clock import unix_milliseconds
from telemetry.recording.lines import Recording, line_of
from telemetry.recording.replay import Form, Replay
from telemetry.samples import Sample, late
from telemetry.status import CollectorState, CollectorStatus
from tests.deploy.monitor import running
from tests.deploy.test_mosquitto import Broker, Session
from tests.deploy.test_mosquitto import broker as guarded  # noqa: F401 - a fixture
from tests.services.embedded import Listener
from tests.services.processes import free_port, wait_until

DAY = 86_400_000
BEGIN = 1_767_225_600_000


def cpu(time: int, host: str = "gpu-07") -> Sample:
    values = {"utilization": time / 1000 % 100, "per_core": [1.5]}
    return Sample("system/cpu", host, BEGIN + time, values)


def status(host: str = "gpu-07") -> CollectorStatus:
    return CollectorStatus(host, BEGIN, CollectorState.ONLINE, "1", BEGIN, 2.0)


def write(file: Path, *contents: Sample | CollectorStatus, prefix: str = "") -> str:
    lines = []
    for each in contents:
        channel = each.channel if isinstance(each, Sample) else "system/status"
        lines.append(line_of(f"{prefix}{channel}", each.payload()))
    file.write_bytes(b"".join(lines))
    return str(file)


@pytest.fixture
def url(broker: EmbeddedBroker) -> str:
    return f"mqtt://127.0.0.1:{broker.port}"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.live_hosts._SECONDS", 0.3)


@pytest.fixture
def listener(broker: EmbeddedBroker) -> Iterator[Listener]:
    with Listener(broker.port) as client:
        yield client


def times(messages: list[bytes]) -> list[int]:
    return [json.loads(each)["timestamp"] for each in messages]


@pytest.mark.usefixtures("own_settings")
def test_a_replay_looks_as_if_it_happened_now_and_ends_offline(
    url: str, listener: Listener, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = [cpu(time) for time in range(0, 400, 100)]
    file = write(tmp_path / "night.txt", status(), *samples)
    before = unix_milliseconds()
    assert command.run(["replay", file, "--mqtt-url", url]) == 0
    after = unix_milliseconds()
    listener.wait_for("system/status", 2)
    replayed = times(listener.on("system/cpu"))
    assert [later - earlier for earlier, later in itertools.pairwise(replayed)] == [100] * 3
    assert before + 300 <= replayed[-1] <= after
    online, offline = map(json.loads, listener.on("system/status"))
    assert (online["state"], offline["state"]) == ("online", "offline")
    assert offline == {**online, "state": "offline", "timestamp": offline["timestamp"]}
    with Listener(listener.port) as later:
        later.wait_for("system/status")
        later.wait_for("system/cpu")
        assert all(each.retained for each in later.received)
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.splitlines()[0].startswith("Messages published: 6, in ")
    assert "`system-monitor forget HOST`" in errors


@pytest.mark.usefixtures("own_settings")
def test_at_a_higher_speed_it_takes_less_time(
    url: str, listener: Listener, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = [cpu(time) for time in range(0, 2 * 3_600_000, 60_000)]
    file = write(tmp_path / "night.txt", *samples)
    began = time.monotonic()
    assert command.run(["replay", file, "--mqtt-url", url, "--speed", "5000"]) == 0
    assert 1.4 < time.monotonic() - began < 30
    listener.wait_for("system/cpu", 120)
    replayed = times(listener.on("system/cpu"))
    assert replayed[-1] - replayed[0] == samples[-1].timestamp - samples[0].timestamp
    assert abs(replayed[-1] - unix_milliseconds()) < 30_000
    errors = capsys.readouterr().err
    assert "the 120 samples as too old, unless its own history_hours is larger than 1 h" in errors


@pytest.mark.usefixtures("own_settings")
def test_with_its_timestamps_it_fills_the_history_and_changes_nothing_current(
    url: str, listener: Listener, tmp_path: Path
) -> None:
    listener.publish("system/status", status().payload(), retain=True)  # the host is online
    file = write(tmp_path / "night.txt", status(), cpu(0), cpu(2000))
    options = ["--keep-timestamps", "--speed", "1000", "--mqtt-url", url]
    assert command.run(["replay", file, *options]) == 0
    assert listener.wait_for("system/cpu", 2) == [late(cpu(0).payload()), late(cpu(2000).payload())]
    with Listener(listener.port) as later:
        later.wait_for("system/status")
        later.publish("end", "")
        later.wait_for("end")
        assert [each.topic for each in later.received] == ["system/status", "end"]


@pytest.mark.usefixtures("own_settings")
@pytest.mark.parametrize("by", ["status", "sample"])
def test_a_host_that_is_online_is_replayed_only_under_another_name(
    url: str, listener: Listener, tmp_path: Path, capsys: pytest.CaptureFixture[str], by: str
) -> None:
    def publish_samples() -> None:
        while not over.wait(0.05):
            listener.publish("system/cpu", cpu(0).payload())

    over = threading.Event()
    publisher = threading.Thread(target=publish_samples)
    if by == "status":
        listener.publish("system/status", status().payload(), retain=True)
    else:
        publisher.start()
    file = write(tmp_path / "night.txt", cpu(0))
    assert command.run(["replay", file, "--mqtt-url", url]) == 1
    sentence = f"A host named 'gpu-07' is already publishing to the broker at {url}, so the replay"
    assert sentence in capsys.readouterr().err
    options = ["--host-as", "replay-{host}", "--topic-prefix", "demo", "--recorded-prefix", ""]
    assert command.run(["replay", file, "--mqtt-url", url, *options]) == 0
    over.set()
    if by == "sample":
        publisher.join()
    (payload,) = listener.wait_for("demo/system/cpu")
    assert json.loads(payload)["host"] == "replay-gpu-07"


@pytest.mark.usefixtures("own_settings")
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "Cannot read {file}: No such file or directory."),
        (b"", "{file} contains no samples: each line of a recording has the form "),
        (b"fleet/a/system/cpu {}\n", "If the topics have a prefix, set --recorded-prefix."),
    ],
)
def test_a_file_that_is_not_a_recording_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, sentence: str
) -> None:
    file = tmp_path / "night.txt"
    if content is not None:
        file.write_bytes(content)
    assert command.run(["replay", str(file)]) == 1
    assert sentence.format(file=file) in capsys.readouterr().err


@pytest.mark.usefixtures("own_settings")
def test_an_error_is_reported_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refusal(code: int, *arguments: str) -> str:
        assert command.run(["replay", *arguments]) == code
        errors = capsys.readouterr().err
        assert errors.count("\n") == 1
        return errors

    file = write(tmp_path / "night.txt", cpu(0), cpu(0, "gpu-08"))
    address = f"mqtt://127.0.0.1:{free_port()}"
    assert "cannot be reached" in refusal(1, file, "--mqtt-url", address)
    assert "has 2 hosts, so --host-as must contain {host}" in refusal(1, file, "--host-as", "x")
    assert f"{tmp_path} is not a regular file" in refusal(1, str(tmp_path))
    assert "must be a number from 1 to 100,000" in refusal(2, file, "--speed", "0")
    assert "is not valid" in refusal(2, file, "--host-as", "a/b")


def test_ctrl_c_ends_a_replay_and_its_hosts_are_offline(
    url: str, listener: Listener, tmp_path: Path
) -> None:
    file = write(tmp_path / "night.txt", status(), *(cpu(time) for time in range(0, DAY, 60_000)))
    options = [file, "--mqtt-url", url, "--speed", "60"]
    with running(tmp_path, "replay", *options, wait=False) as replay:
        listener.wait_for("system/cpu")
        code, seconds = replay.end(signal.SIGINT)
    assert code == 130
    assert seconds < 2
    assert json.loads(listener.wait_for("system/status", 2)[-1])["state"] == "offline"


def test_what_a_lost_connection_left_unacknowledged_is_published_again(
    listener: Listener,
) -> None:
    samples = [cpu(time) for time in range(0, 2_000_000, 2000)]
    lines = [line_of(each.channel, each.payload()) for each in samples]
    address = BrokerAddress("127.0.0.1", listener.port)
    bus, rival = BusConnection(address, "replayed"), BusConnection(address, "replayed")
    player = Player(bus, threading.Event())
    entries = Recording(TopicScheme()).read(lines)
    arguments = entries, Replay(Form(TopicScheme()), "gpu-07"), 2000.0
    thread = threading.Thread(target=player.play, args=arguments)
    with started(bus):
        thread.start()
        wait_until(lambda: player.sent > 100, "a part of it")
        with started(rival):  # the broker closes the other connection with this name
            wait_until(lambda: not bus.connected, "the end of the connection")
        thread.join()
    assert player.sent == len(samples)
    assert bus.reconnects > 0
    expected = [each.timestamp for each in samples]
    wait_until(lambda: set(times(listener.on("system/cpu"))) >= set(expected), "all messages")
    assert list(dict.fromkeys(times(listener.on("system/cpu")))) == expected


@pytest.mark.usefixtures("own_settings")
def test_a_login_that_may_not_publish_is_reported(
    guarded: Broker,  # noqa: F811 - the fixture
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = write(tmp_path / "night.txt", cpu(0), status(), prefix="fleet/gpu-07/")
    url = f"mqtt://127.0.0.1:{guarded.port}"
    options = [file, "--mqtt-url", url, "--topic-prefix", "fleet/{host}"]

    def replayed(user: str) -> int:
        monkeypatch.setenv("SYSTEM_MONITOR_MQTT_PASSWORD", user[::-1])
        return command.run(["replay", *options, "--mqtt-user", user])

    with Session(guarded, "reader", "fleet/gpu-07/#") as session:
        assert replayed("reader") == 1
        assert "log in as a user that may publish to the topics" in capsys.readouterr().err
        assert session.received == []
        assert replayed("gpu-07") == 0
        wait_until(lambda: len(session.received) == 3, "sample, status and its end")
        capsys.readouterr()
        assert replayed("reader") == 1  # although the broker delivers what the first one published
        assert "log in as a user that may publish to the topics" in capsys.readouterr().err
