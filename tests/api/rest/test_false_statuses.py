"""Statuses that no collector of the host has published just now."""

from typing import Any

import pytest

from telemetry.clock import unix_milliseconds
from telemetry.payloads import MAX_TIMESTAMP
from telemetry.status import CollectorState
from tests.api.running import SECONDS, RunningApi, cpu, status
from tests.services.processes import wait_until

FALSE: dict[str, dict[str, Any]] = {
    "from the far future": {"timestamp": MAX_TIMESTAMP, "started": MAX_TIMESTAMP},
    "from 1970": {"timestamp": 0, "started": 0},
    "offline": {"state": CollectorState.OFFLINE},
    "offline, from the far future": {"state": CollectorState.OFFLINE, "timestamp": MAX_TIMESTAMP},
}


@pytest.mark.parametrize("fields", FALSE.values(), ids=FALSE)
def test_a_false_status_does_not_hide_a_live_host(api: RunningApi, fields: dict[str, Any]) -> None:
    true = status()
    api.feed(cpu(), true)
    api.feed(status(**fields))
    sample = cpu()
    api.feed(sample)
    metrics = api.json("/api/v1/system/metrics", host="alpha")
    assert (metrics["state"], metrics["cpu"]["stale"]) == ("online", False)
    (host,) = api.json("/api/v1/system/hosts")["hosts"]
    assert (host["state"], host["timestamp"]) == ("online", sample.timestamp)
    later = status()
    api.feed(later)
    (host,) = api.json("/api/v1/system/hosts")["hosts"]
    assert host["started"] == later.started


@pytest.mark.parametrize(("field", "number"), [("started", b"-1e17"), ("interval", b"3600")])
def test_a_status_with_impossible_numbers_is_rejected_and_counted(
    api: RunningApi, field: str, number: bytes
) -> None:
    true = status(started=unix_milliseconds(), interval=2.0)
    api.feed(true)
    value = str(getattr(true, field)).encode()
    false = true.payload().replace(
        b'"%b":%b' % (field.encode(), value), b'"%b":%b' % (field.encode(), number)
    )
    assert false != true.payload()
    api.send_raw(api.settings.topics.topic("alpha", "system/status"), false)
    wait_until(lambda: api.live.malformed == {"not a sample": 1}, "it is rejected", SECONDS)
    (host,) = api.json("/api/v1/system/hosts")["hosts"]
    assert (host["started"], host["interval"]) == (true.started, 2.0)
