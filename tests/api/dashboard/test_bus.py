"""A host that exists only in what is published on the bus, and not in the history."""

import json

from playwright.sync_api import expect

from telemetry.clock import unix_milliseconds
from tests.api.dashboard.browser import OpenVisit, fragment
from tests.api.dashboard.conftest import Laboratory
from tests.api.dashboard.values import DASH
from tests.api.running import GPU
from tests.services.embedded import Listener
from tests.services.processes import wait_until

HOST = "ghost"
CHANNELS = ("system/gpu/42", "system/gpu/43")
UTILIZATION = "gpu-42-utilization"
OUTSIDE_THE_HISTORY = 3 * 3_600_000


def publish(bus: Listener, utilization: int) -> None:
    time = unix_milliseconds() - OUTSIDE_THE_HISTORY
    body = json.dumps({**GPU, "host": HOST, "timestamp": time, "utilization": utilization})
    for channel in CHANNELS:
        bus.publish(channel, body)


def wait_known(laboratory: Laboratory) -> None:
    wait_until(
        lambda: laboratory.monitor.answer("/api/v1/system/metrics", host=HOST)[0] == 200,
        "the host is known",
    )


def test_the_value_of_a_removed_gpu_disappears_and_returns_with_the_gpu(
    laboratory: Laboratory, open_visit: OpenVisit
) -> None:
    with Listener(laboratory.monitor.mqtt_port) as bus:
        publish(bus, 33)
        wait_known(laboratory)
        shown = open_visit().go(fragment(HOST)).get_by_test_id(UTILIZATION)
        expect(shown).to_contain_text("33%")
        bus.publish(CHANNELS[0], b"", retain=True)
        expect(shown).to_contain_text(DASH)
        publish(bus, 44)
        expect(shown).to_contain_text("44%")
        for channel in CHANNELS:
            bus.publish(channel, b"", retain=True)
