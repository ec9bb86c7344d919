from urllib.request import urlopen

import pytest

from deploy.metrics_server import MetricsServer
from telemetry.errors import SettingsError
from telemetry.exposition import HostReadings, Reading
from telemetry.reports import Report, counter
from tests.services.processes import free_port


def test_each_scrape_reads_the_counters_again() -> None:
    counted = iter((5, 7))
    port = free_port()
    server = MetricsServer(
        port, [lambda: Report("ingester", None, (counter("samples_stored", "", next(counted)),))]
    )
    server.start()
    try:
        for expected in (5, 7):
            with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                text = answer.read().decode()
            assert f"system_monitor_ingester_samples_stored_total {expected}.0" in text
            assert 'system_monitor_ready{part="ingester"} 1.0' in text
        with pytest.raises(SettingsError, match="another port with --metrics-port"):
            MetricsServer(port, []).start()
    finally:
        server.stop()
        server.stop()


def test_the_readings_follow_the_counters() -> None:
    reading = Reading("system/cpu", {"utilization": 12.5}, 0.1, stale=False)
    port = free_port()
    server = MetricsServer(
        port,
        [lambda: Report("collector")],
        lambda: HostReadings("alpha", up=True, readings=[reading]),
    )
    server.start()
    try:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
    finally:
        server.stop()
    assert 'system_monitor_ready{part="collector"} 1.0' in text
    assert 'system_monitor_cpu_utilization_ratio{host="alpha"} 0.125' in text
