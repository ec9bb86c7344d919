"""Hosts that only the broker remembers."""

import uuid
from pathlib import Path

from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import Publication
from telemetry.bus.topics import TopicScheme
from tests.api.running import SECONDS, cpu, running_api
from tests.services.processes import wait_until

METRICS = "/api/v1/system/metrics"


def test_a_live_host_is_shown_although_the_broker_retains_more_hosts_than_the_limit(
    shared_bus: BusConnection, tmp_path: Path
) -> None:
    prefix = f"{uuid.uuid4().hex}/{{host}}"
    for number in range(5):
        name = f"retired-{number}"
        topic = TopicScheme(prefix).topic(name, "system/cpu")
        shared_bus.publish(Publication(topic, cpu(name).payload(), retain=True)).wait_for_publish()
    with running_api(shared_bus, tmp_path, topic_prefix=prefix, max_hosts=3) as api:
        refused = api.live.newest.refused
        wait_until(lambda: refused["too many hosts"] == 2, "it has received them", SECONDS)
        api.feed(cpu("alive"))
        assert api.json(METRICS, host="alive")["cpu"]["utilization"] == 12.5
        assert len(api.live.newest.hosts) == 3
