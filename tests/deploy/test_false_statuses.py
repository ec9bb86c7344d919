"""False statuses on the bus of a running ``up``."""

import json
from pathlib import Path

from telemetry.clock import unix_milliseconds
from telemetry.payloads import MAX_TIMESTAMP
from tests.deploy.monitor import free_ports, running
from tests.services.embedded import Listener
from tests.services.processes import wait_until


def test_false_statuses_end_nothing_and_hide_no_host(tmp_path: Path) -> None:
    options = [*free_ports(), "--data-dir", str(tmp_path / "data")]
    options += ["--host-name", "alpha", "--interval-seconds", "0.2"]
    now = unix_milliseconds()
    with running(tmp_path, "up", *options) as up, Listener(up.mqtt_port, "system/#") as bus:
        for started in (1, -1e17, now + 7_200_000, MAX_TIMESTAMP):
            false = {"host": "alpha", "timestamp": now + 7_200_000, "started": started}
            false |= {"state": "offline", "version": "9", "interval": 60}
            bus.publish("system/status", json.dumps(false), retain=True)
            bus.wait_for("system/cpu", len(bus.on("system/cpu")) + 2)
            wait_until(lambda: up.get("/metrics")["state"] == "online", "it is online")
            assert up.get("/metrics")["cpu"]["stale"] is False
        up.wait_for_history(1)
        assert up.answer("/readyz")[0] == 200
        assert up.process.poll() is None
