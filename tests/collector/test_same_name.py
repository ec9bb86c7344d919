"""Two collectors with the same host name on one broker, with limits a tenth as long."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from collector.collector import Collector
from telemetry.bus.address import BrokerAddress
from telemetry.bus.topics import TopicScheme
from tests.collector.test_collector import HOUR, INTERVAL, decoded
from tests.fakes.sensors import CountingSensor
from tests.services.embedded import Listener
from tests.services.processes import wait_until

SETTLED = 1.0
SECONDS = 20.0


@pytest.fixture(params=["broker", "own_mosquitto"])
def address(request: pytest.FixtureRequest) -> BrokerAddress:
    return BrokerAddress("127.0.0.1", request.getfixturevalue(request.param).port)


@pytest.fixture(autouse=True)
def _short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telemetry.bus.tenure._SETTLED_SECONDS", SETTLED)
    monkeypatch.setattr("telemetry.bus.network_loop._DISPLACED_SECONDS", 4 * SETTLED)


@contextmanager
def collecting(address: BrokerAddress) -> Iterator[Collector]:
    sensors = (CountingSensor(),)
    collector = Collector(
        sensors, address, TopicScheme(), host="me", interval=INTERVAL, window=HOUR
    )
    collector.start()
    try:
        yield collector
    finally:
        collector.stop()


def counts(collector: Collector) -> dict[str, Any]:
    return {each.name: each.value for each in collector.report().counts}


def is_displaced(collector: Collector) -> bool:
    problem = collector.report().problem
    return problem is not None and "another client" in problem


def test_the_first_one_continues_and_the_other_sends_nothing_and_reports_why(
    address: BrokerAddress, caplog: pytest.LogCaptureFixture
) -> None:
    with Listener(address.port) as listener, collecting(address) as elder:
        listener.wait_for("system/cpu", 1 + round(SETTLED / INTERVAL))
        with collecting(address) as younger:
            wait_until(lambda: is_displaced(younger), "the younger is displaced", SECONDS)
            published = counts(younger)["samples_published"]
            listener.received.clear()
            listener.wait_for("system/cpu", 2)  # the younger's last one may still be on its way
            listener.received.clear()
            before = counts(elder)["broker_reconnects"]
            # It tries again, and is evicted again.
            wait_until(
                lambda: counts(elder)["broker_reconnects"] >= before + 2, "two attempts", SECONDS
            )
            listener.wait_for("system/cpu", 5)
            # After a reconnection, the newest sample is sent before the samples that precede it.
            wait_until(lambda: not _missing(_numbers(listener)), "the samples before the newest")
            numbers = _numbers(listener)
            assert is_displaced(younger)
            assert not is_displaced(elder)
            assert counts(elder)["samples_dropped"] == 0
            assert counts(younger)["samples_published"] == published
            assert counts(younger)["samples_buffered"] == 0
            assert counts(younger)["samples_dropped"] > 10
            assert sorted(set(numbers)) == list(range(min(numbers), max(numbers) + 1))
        status = decoded(listener.wait_for("system/status"))[-1]
        assert status["state"] == "online"
    problem = (
        f"The MQTT broker at mqtt://127.0.0.1:{address.port} closes each connection of "
        "'system-monitor-collector-me': another client probably uses that name, so choose a "
        "different name with --host-name"
    )
    assert f"{problem}; system-monitor-collector-me tries again." in caplog.messages


def test_the_other_takes_over_once_the_first_has_gone_and_sends_nothing_old(
    address: BrokerAddress,
) -> None:
    with Listener(address.port) as listener, ExitStack() as stack:
        with collecting(address) as elder:
            listener.wait_for("system/cpu", 1 + round(SETTLED / INTERVAL))
            successor = stack.enter_context(collecting(address))
            wait_until(lambda: is_displaced(successor), "the younger is displaced", SECONDS)
            assert not is_displaced(elder)
        listener.received.clear()
        wait_until(lambda: not is_displaced(successor), "the younger is alone", SECONDS)
        oldest = decoded(listener.wait_for("system/cpu", 5))[0]["per_core"][0]
        assert oldest > counts(successor)["samples_dropped"]


def _numbers(listener: Listener) -> list[int]:
    return [each["per_core"][0] for each in decoded(listener.on("system/cpu"))]


def _missing(numbers: list[int]) -> set[int]:
    return set(range(min(numbers), max(numbers) + 1)) - set(numbers)
