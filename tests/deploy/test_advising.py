"""Findings of a real `up`, from the samples of a machine to REST, also after a SIGKILL."""

import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from deploy.embedded_broker import EmbeddedBroker
from telemetry.bus.messages import AT_LEAST_ONCE, AT_MOST_ONCE
from telemetry.clock import unix_milliseconds
from telemetry.samples import Sample
from tests.deploy.monitor import Monitor, free_ports, running
from tests.services.embedded import Listener
from tests.services.processes import free_port, wait_until

HOST, CHANNEL = "leaking", "system/gpu/0"
GB, HOUR, INTERVAL = 10**9, 3_600_000, 10_000


def leak(start: int, end: int) -> Iterable[Sample]:
    """Yield samples between two times in milliseconds; the memory grows by 24 GB an hour."""
    for time in range(start, end, INTERVAL):
        used = 40 * GB + (time - START) * 24 * GB // HOUR
        yield gpu(time, used)


def gpu(time: int, used: int) -> Sample:
    fixed = dict.fromkeys(("utilization", "temperature", "power"))
    values = {**fixed, "memory_used": used, "memory_total": 80 * GB}
    return Sample(CHANNEL, HOST, time, values)


START = unix_milliseconds() - 59 * 60_000  # all of it is in the history, which keeps an hour


def publish(up: Monitor, samples: Iterable[Sample], *, quality: int = AT_MOST_ONCE) -> None:
    with Listener(up.mqtt_port, "nothing") as client:
        for sample in samples:
            client.publish(CHANNEL, sample.payload(), retain=True, quality=quality)


def found(up: Monitor) -> list[dict[str, Any]]:
    answer = up.get("/findings", host=HOST)
    assert answer["history_error"] is None
    return list(answer["findings"])


def analysed(up: Monitor) -> int:
    number: int = up.answer("/readyz")[1]["parts"]["advisor"]["counters"]["samples_analysed"]
    return number


def test_an_advisor_of_its_own_analyses_what_other_processes_publish(
    tmp_path: Path, broker: EmbeddedBroker
) -> None:
    port = free_port()
    options = ["--mqtt-url", f"mqtt://127.0.0.1:{broker.port}", "--metrics-port", str(port)]
    options += ["--data-dir", str(tmp_path / "data")]
    with running(tmp_path, "advisor", *options) as advisor:
        with Listener(broker.port, "nothing") as client:
            client.publish(CHANNEL, gpu(unix_milliseconds(), 40 * GB).payload(), retain=True)

            def knows_the_host() -> bool:
                with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                    return "\nsystem_monitor_advisor_hosts 1" in answer.read().decode()

            wait_until(knows_the_host, "the host is known")
        assert advisor.end(signal.SIGTERM)[0] == 0
        assert advisor.stderr == ""


@pytest.mark.soak
def test_a_finding_survives_a_kill_of_everything_and_ends_with_its_cause(tmp_path: Path) -> None:
    options = [*free_ports(), "--data-dir", str(tmp_path / "data")]
    options += ["--disabled-sensors", "gpu,cpu,memory,disk,network"]
    with running(tmp_path, "up", *options) as up:
        publish(up, leak(START, START + 1), quality=AT_LEAST_ONCE)
        wait_until(lambda: analysed(up) > 0, "the past has been read")
        publish(up, leak(START, unix_milliseconds()))
        wait_until(lambda: bool(found(up)), "the finding")
        (before,) = found(up)
        assert (before["kind"], before["state"]) == ("memory_growth", "active")
        up.process.kill()
        up.process.wait()
    now = unix_milliseconds()
    with running(tmp_path / "again", "up", *options) as up:
        publish(up, leak(now, now + 1), quality=AT_LEAST_ONCE)
        wait_until(lambda: analysed(up) > 0, "the past has been read")
        wait_until(lambda: [each["state"] for each in found(up)] == ["active"], "it continues")
        (continued,) = found(up)
        same = ("id", "timestamp", "since", "severity")  # the numbers may be newer
        assert {name: continued[name] for name in same} == {name: before[name] for name in same}
        released = (gpu(now + number * INTERVAL, 40 * GB) for number in range(1, 60))
        publish(up, released)
        wait_until(lambda: bool(found(up)[0]["ended"]), "its end")
        (after,) = found(up)
        assert after["state"] == "over"
        assert (after["id"], after["since"]) == (before["id"], before["since"])
        assert after["ended"] > now
