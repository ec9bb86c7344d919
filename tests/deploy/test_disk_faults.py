"""The whole pipeline with a failing disk: live values continue, the history recovers."""

import logging
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from telemetry.catalogue import CPU
from tests.deploy.monitor import Monitor, free_ports, running
from tests.deploy.test_history_outages import published, require_everything
from tests.ingester.test_sqlite_faults import LOCK
from tests.services.disks import Disk
from tests.services.embedded import Listener
from tests.services.processes import wait_until

log = logging.getLogger(__name__)

SECONDS = 90.0  # a corrupt file is noticed within 60


def wait_until_reported(monitor: Monitor, listener: Listener, sentence: str) -> None:
    """Wait until ``sentence`` is reported, and check that live values continue meanwhile."""
    wait_until(lambda: sentence in str(monitor.answer("/readyz")[1]), sentence, SECONDS)
    assert monitor.answer("/readyz")[0] == 503
    assert sentence in str(monitor.get("/hosts")["history_error"])
    listener.wait_for(CPU.channel, len(listener.on(CPU.channel)) + 5)
    assert not monitor.get("/metrics")["cpu"]["stale"]
    log.info("Reported: %s", monitor.get("/hosts")["history_error"])


def wait_until_ready(monitor: Monitor) -> None:
    wait_until(lambda: monitor.answer("/readyz")[0] == 200, "it is ready", SECONDS)


@pytest.mark.soak
def test_a_disk_that_is_full_then_locked_costs_no_sample(disk: Disk, tmp_path: Path) -> None:
    data = disk.path / "data"
    options = [*free_ports(), "--interval-seconds", "0.2", "--data-dir", str(data)]
    with (
        running(tmp_path, "up", *options) as monitor,
        Listener(monitor.mqtt_port, "system/#") as listener,
    ):
        monitor.wait_for_history(4)
        listener.wait_for(CPU.channel, 4)
        disk.fill()
        wait_until_reported(monitor, listener, "the disk is full")
        disk.free()
        wait_until_ready(monitor)
        require_everything(monitor, listener)
        command = [sys.executable, "-c", LOCK, str(data / "history.sqlite3")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == b"locked\n"
            wait_until_reported(monitor, listener, "is locked by another program")
            other.kill()
        wait_until_ready(monitor)
        require_everything(monitor, listener)
        assert "Traceback" not in monitor.stderr


@pytest.mark.soak
def test_a_file_that_is_overwritten_while_it_runs_is_renamed_and_noted(tmp_path: Path) -> None:
    file = tmp_path / "data" / "history.sqlite3"
    options = [*free_ports(), "--interval-seconds", "0.2", "--data-dir", str(file.parent)]
    with (
        running(tmp_path, "up", *options) as monitor,
        Listener(monitor.mqtt_port, "system/#") as listener,
    ):
        monitor.wait_for_history(4)
        with closing(sqlite3.connect(file)) as other:  # move the journal's contents into the file
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        file.write_bytes(b"not a database" * 1000)
        wait_until(lambda: "it was renamed to" in monitor.stderr, "it is renamed", SECONDS)
        after = published(listener, CPU.channel)[-1]
        wait_until_ready(monitor)
        wait_until(
            lambda: max(monitor.timestamps(), default=0) > after, "new samples are stored", SECONDS
        )
        _, ready = monitor.answer("/readyz")
        (kept,) = file.parent.glob("history.sqlite3.corrupt-*Z")
        assert kept.read_bytes() == b"not a database" * 1000
        assert str(kept) in ready["parts"]["history"]["notes"][0]
        found = [each for each in monitor.timestamps() if each >= after]
        wanted = [each for each in published(listener, CPU.channel) if after <= each <= found[-1]]
        assert found == wanted
        assert "Traceback" not in monitor.stderr
