"""The advisor at a real broker."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest

from advisor.advisor import Advisor
from advisor.detectors import registry
from advisor.detectors.model import Detector, Kind, Ledger
from advisor.findings import Evidence, Finding, Severity
from advisor.readings import Reading
from telemetry.bus.address import BrokerAddress
from telemetry.bus.messages import AT_MOST_ONCE
from telemetry.bus.topics import TopicScheme
from telemetry.clock import unix_milliseconds
from telemetry.history.sqlite import SqliteReader
from telemetry.history.window import Spans
from telemetry.reports import Report
from telemetry.samples import Sample
from tests.advisor.series import GB, HOURS, START, at_once, every
from tests.services.embedded import Listener, Received
from tests.services.mosquitto import Mosquitto
from tests.services.processes import wait_until
from tests.states import finding

HOT, CHANNEL = "system/findings/heat/gpu0", "system/gpu/0"
PLAIN = TopicScheme()


class Heat:
    """Finds a GPU that is hot, and fails if it is frozen."""

    kind: ClassVar[Kind] = Kind("heat", "", "", "", "", "")
    families: ClassVar[Collection[str]] = ("gpu",)

    def __init__(self) -> None:
        self._ledger = Ledger("heat")

    def feed(self, reading: Reading) -> Iterable[Finding]:
        temperature = reading.values.get("temperature") or 0
        if temperature < 0:
            raise ValueError("frozen")
        if temperature < 90:
            return self._ledger.end(reading.subject, reading.timestamp)
        severity = Severity.CRITICAL if temperature > 100 else Severity.WARNING
        evidence = Evidence(reading.timestamp, reading.timestamp)
        return self._ledger.report(
            reading, reading.subject, severity, f"{temperature} °C", evidence, advice="Cool it."
        )

    def forget(self, subject: str, timestamp: int) -> Iterable[Finding]:
        return self._ledger.end(subject, timestamp)


@pytest.fixture(autouse=True)
def _without_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("advisor.watch.SETTLE_SECONDS", 0.2)
    monkeypatch.setattr("advisor.advisor._GATHER_SECONDS", 0.02)


@contextmanager
def advising(
    folder: Path,
    address: BrokerAddress,
    topics: TopicScheme = PLAIN,
    detectors: Callable[[], Sequence[Detector]] = lambda: [Heat()],
) -> Iterator[Advisor]:
    spans = Spans(3_600_000)
    reader = SqliteReader(folder / "history.sqlite3", spans)
    advisor = Advisor(detectors, reader, address, topics, name="x", spans=spans)
    advisor.start()
    try:
        yield advisor
    finally:
        advisor.stop()


def gpu(temperature: float, host: str = "alpha", channel: str = CHANNEL) -> bytes:
    values = dict.fromkeys(("utilization", "memory_used", "memory_total", "power"))
    now = unix_milliseconds()
    return Sample(channel, host, now, {**values, "temperature": temperature}).payload()


def count(report: Report, name: str) -> object:
    (found,) = (each.value for each in report.counts if each.name == name)
    return found


def messages(client: Listener, topic: str = HOT) -> list[Received]:
    return [each for each in client.received if each.topic == topic]


def publish_until(
    client: Listener, temperature: float, done: Callable[[], bool], channel: str = CHANNEL
) -> None:
    """Publish samples until the advisor has reacted."""

    def publish() -> bool:
        client.publish(channel, gpu(temperature, channel=channel), retain=True)
        return done()

    wait_until(publish, f"the reaction to {temperature} °C")


def test_a_finding_is_published_from_its_beginning_to_its_end(
    tmp_path: Path, address: BrokerAddress
) -> None:
    with Listener(address.port) as client, advising(tmp_path, address) as advisor:
        publish_until(client, 95, lambda: len(messages(client)) == 1)
        assert count(advisor.report(), "findings_active") == {
            "info": 0,
            "warning": 1,
            "critical": 0,
        }
        with Listener(address.port, HOT) as later:
            wait_until(lambda: len(messages(later)) == 1, "it is retained")
        publish_until(client, 105, lambda: len(messages(client)) == 2)
        publish_until(client, 20, lambda: len(messages(client)) == 4)
        with Listener(address.port, "system/#") as later:
            wait_until(lambda: bool(messages(later, CHANNEL)), "what is retained has arrived")
            assert messages(later) == []
        *changes, removal = (each.payload for each in messages(client))
        assert advisor.report().problem is None
    found = [json.loads(each) for each in changes]
    assert removal == b""
    assert [each["state"] for each in found] == ["active", "active", "over"]
    assert [each["severity"] for each in found] == ["warning", "critical", "critical"]
    base = found[0]["id"]
    assert [each["id"] for each in found] == [base, f"{base}.critical", f"{base}.end"]


def test_an_active_finding_stays_retained_while_the_advisor_restarts(
    tmp_path: Path, address: BrokerAddress
) -> None:
    with Listener(address.port) as client:
        with advising(tmp_path, address):
            publish_until(client, 95, lambda: len(messages(client)) == 1)
        with advising(tmp_path, address) as advisor:
            publish_until(client, 96, lambda: count(advisor.report(), "samples_analysed") != 0)
            assert len(messages(client)) == 1
            publish_until(client, 20, lambda: len(messages(client)) == 3)
        begun, over, _ = messages(client)
    ids = [json.loads(each.payload)["id"] for each in (begun, over)]
    assert ids[1] == f"{ids[0]}.end"


def test_a_recorded_leak_is_published_with_its_time_left_and_its_end(
    tmp_path: Path,
    mosquitto: Mosquitto,  # at this speed, rumqttd mixes up the order of different topics
) -> None:
    address, topics = BrokerAddress("127.0.0.1", mosquitto.port), TopicScheme("recorded")

    def memory(time: float) -> float:
        return 40 * GB + 5 * GB * time / HOURS if time < 5 * HOURS else 40 * GB

    def gpu_of(time: float) -> dict[str, object]:
        fixed = dict.fromkeys(("utilization", "temperature", "power"))
        return {**fixed, "memory_used": int(memory(time)), "memory_total": 80 * GB}

    def processes(time: float) -> dict[str, object]:
        listed = {"pid": 4242, "command": "python3 train.py", "started": START}
        return {"processes": [{**listed, "memory_used": int(memory(time))}]}

    recorded = at_once(
        every(CHANNEL, gpu_of, until=5.2 * HOURS),
        every(f"{CHANNEL}/processes", processes, until=5.2 * HOURS),
    )
    with (
        Listener(address.port, "recorded/#") as client,
        advising(tmp_path, address, topics, registry.build) as advisor,
    ):

        def analysed() -> bool:
            client.publish(f"recorded/{CHANNEL}", recorded[0].payload())
            return count(advisor.report(), "samples_analysed") != 0

        wait_until(analysed, "the past has been read")
        for sample in recorded:
            topic = f"recorded/{sample.channel}"
            client.publish(topic, sample.payload(), quality=AT_MOST_ONCE)
        topic = "recorded/system/findings/memory_growth/gpu0"
        wait_until(lambda: b"" in client.on(topic), "the end")
        begun, *_, over, _ = messages(client, topic)
        assert count(advisor.report(), "messages_dropped") == 0
    first, last = json.loads(begun.payload), json.loads(over.payload)
    assert "python3 train.py (PID 4242) grows by 83 MB/min" in first["summary"]
    assert first["expected"]["likely"] == pytest.approx(START + 8 * HOURS * 1000, rel=1e-5)
    assert (first["state"], last["state"]) == ("active", "over")
    assert last["timestamp"] >= START + 5 * HOURS * 1000


def test_topics_that_name_their_host_are_used(tmp_path: Path, address: BrokerAddress) -> None:
    topics = TopicScheme("fleet/{host}")
    with Listener(address.port) as client, advising(tmp_path, address, topics):

        def publish() -> bool:
            client.publish(f"fleet/alpha/{CHANNEL}", gpu(95))
            return bool(messages(client, f"fleet/alpha/{HOT}"))

        wait_until(publish, "the finding is published")


def test_a_host_whose_status_is_removed_is_forgotten(
    tmp_path: Path, address: BrokerAddress
) -> None:
    topics = TopicScheme("fleet/{host}")
    with Listener(address.port) as client, advising(tmp_path, address, topics) as advisor:

        def publish() -> bool:
            client.publish(f"fleet/alpha/{CHANNEL}", gpu(95))
            return bool(messages(client, f"fleet/alpha/{HOT}"))

        wait_until(publish, "the finding is published")
        client.publish("fleet/alpha/system/status", b"", retain=True)
        wait_until(lambda: len(messages(client, f"fleet/alpha/{HOT}")) == 3, "it is over")
        assert count(advisor.report(), "hosts") == 0


def test_an_error_in_a_detector_is_counted_and_the_work_goes_on(
    tmp_path: Path, address: BrokerAddress, caplog: pytest.LogCaptureFixture
) -> None:
    with Listener(address.port) as client, advising(tmp_path, address) as advisor:
        report = advisor.report
        publish_until(client, -5, lambda: count(report(), "analysis_failures") != 0)
        publish_until(client, 95, lambda: len(messages(client)) == 1)
    assert "Report this error" in caplog.text


def test_invalid_messages_and_foreign_findings_are_counted_or_ignored(
    tmp_path: Path, address: BrokerAddress
) -> None:
    with Listener(address.port) as client, advising(tmp_path, address) as advisor:
        wait_until(lambda: advisor.report().problem is None, "it is subscribed")
        client.publish(CHANNEL, b"nonsense")
        client.publish(HOT, b"{}")
        client.publish(HOT, finding(channel=HOT).payload())
        expected = {"not a sample": 1, "not an event": 1}
        wait_until(
            lambda: count(advisor.report(), "messages_rejected") == expected, "they are counted"
        )
        active = count(advisor.report(), "findings_active")
    assert active == {"info": 0, "warning": 0, "critical": 0}


def test_without_a_broker_the_report_gives_the_reason(tmp_path: Path) -> None:
    with advising(tmp_path, BrokerAddress("127.0.0.1", 1)) as advisor:
        wait_until(lambda: "cannot be reached" in str(advisor.report().problem), "the reason")
