"""No status on the bus ends or silences a collector: it does not subscribe to anything."""

import json
from typing import Any

import pytest

from telemetry.bus.address import BrokerAddress
from telemetry.clock import unix_milliseconds
from tests.collector.test_collector import collecting, decoded
from tests.fakes.sensors import CountingSensor
from tests.services.embedded import Listener

HOURS = 3_600_000
FALSE: dict[str, dict[str, Any]] = {
    "of an elder collector": {"started": 1},
    "of a collector from before time began": {"started": -1e17},
    # The machine lost power, and its clock did not keep the time.
    "its own, from before the clock was set back": {"ahead": 2 * HOURS},
    "offline": {"state": "offline", "ahead": 2 * HOURS},
}


@pytest.fixture(params=["broker", "own_mosquitto"])
def address(request: pytest.FixtureRequest) -> BrokerAddress:
    return BrokerAddress("127.0.0.1", request.getfixturevalue(request.param).port)


@pytest.mark.parametrize("fields", FALSE.values(), ids=FALSE)
def test_a_status_neither_ends_nor_silences_a_collector(
    address: BrokerAddress, fields: dict[str, Any]
) -> None:
    now = unix_milliseconds() + fields.get("ahead", 0)
    false = {"host": "me", "timestamp": now, "state": "online", "version": "1", "started": now}
    payload = json.dumps({**false, "interval": 2.0, **fields})
    with Listener(address.port) as listener:
        listener.publish("system/status", payload, retain=True)
        with collecting(address, CountingSensor()) as collector:
            listener.wait_for("system/cpu", 3)
            listener.publish("system/status", payload, retain=True)
            before = len(listener.on("system/cpu"))
            listener.wait_for("system/cpu", before + 5)
            assert collector.report().problem is None
            counts = {each.name: each.value for each in collector.report().counts}
            assert counts["samples_dropped"] == 0
            own = [each for each in decoded(listener.on("system/status")) if "sensors" in each]
            assert {each["state"] for each in own} == {"online"}
