"""The whole pipeline while its history store is down: no sample is lost or stored twice."""

import json
import logging
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from telemetry.catalogue import CPU, MEMORY
from tests.deploy.monitor import Monitor, free_ports, running
from tests.services.embedded import Listener
from tests.services.influxdb import Influxdb, OwnInfluxdb
from tests.services.processes import wait_until

log = logging.getLogger(__name__)

OUTAGE_SECONDS = 300.0
RETURN_SECONDS = 60.0  # twice the longest pause between attempts
CHANNELS = (CPU.channel, MEMORY.channel)


def account_of(store: Influxdb) -> dict[str, str]:
    return {
        "SYSTEM_MONITOR_INFLUXDB_URL": store.url,
        "SYSTEM_MONITOR_INFLUXDB_ORG": store.org,
        "SYSTEM_MONITOR_INFLUXDB_TOKEN": store.token,
        "SYSTEM_MONITOR_INFLUXDB_BUCKET": store.new_bucket(),
    }


def published(listener: Listener, channel: str) -> list[int]:
    return sorted({json.loads(payload)["timestamp"] for payload in listener.on(channel)})


def wait_through(monitor: Monitor, seconds: float) -> None:
    """Wait ``seconds``; the live view continues, and `/readyz` reports the outage."""
    ends = time.monotonic() + seconds
    wait_until(
        lambda: monitor.answer("/readyz")[0] == 503, "the outage is reported", RETURN_SECONDS
    )
    while time.monotonic() < ends:
        assert not monitor.get("/metrics")["cpu"]["stale"]
        log.info("The store is down for %.0f s more.", ends - time.monotonic())
        time.sleep(min(10.0, max(0.0, ends - time.monotonic())))


def require_everything(monitor: Monitor, listener: Listener) -> None:
    """Check that the history has each published sample once."""
    last = {channel: published(listener, channel)[-1] for channel in CHANNELS}
    for channel in CHANNELS:
        wait_until(
            lambda channel=channel: max(monitor.timestamps(channel)) >= last[channel],  # type: ignore[misc]
            "the history has caught up",
            RETURN_SECONDS,
        )
        wanted = [each for each in published(listener, channel) if each <= last[channel]]
        found = [each for each in monitor.timestamps(channel) if wanted[0] <= each <= last[channel]]
        assert found == wanted
        log.info("%s: %d of %d samples are stored once.", channel, len(found), len(wanted))


def kill(influxdb: OwnInfluxdb) -> Callable[[], None]:
    influxdb.server.kill()
    return influxdb.server.start


def halt(influxdb: OwnInfluxdb) -> Callable[[], None]:
    os.kill(influxdb.server.pid, signal.SIGSTOP)
    return lambda: os.kill(influxdb.server.pid, signal.SIGCONT)


@pytest.mark.soak
@pytest.mark.parametrize("start_outage", [kill, halt])
def test_an_influxdb_that_is_unavailable_for_five_minutes_misses_nothing(
    own_influxdb: OwnInfluxdb,
    tmp_path: Path,
    start_outage: Callable[[OwnInfluxdb], Callable[[], None]],
) -> None:
    options = [*free_ports(), "--interval-seconds", "0.5"]
    account = account_of(own_influxdb.account)
    with running(tmp_path, "up", *options, variables=account) as monitor:
        monitor.wait_for_history(4)
        with Listener(monitor.mqtt_port, "system/#") as listener:
            listener.wait_for(CPU.channel, 4)
            end_outage = start_outage(own_influxdb)
            wait_through(monitor, OUTAGE_SECONDS)
            end_outage()
            listener.wait_for(CPU.channel, len(listener.on(CPU.channel)) + 4)
            require_everything(monitor, listener)
        wait_until(lambda: monitor.answer("/readyz")[0] == 200, "it is ready", RETURN_SECONDS)
    assert "The history is storing samples again after an outage of" in monitor.stderr
    assert "Traceback" not in monitor.stderr
