from urllib.request import urlopen

import pytest

from deploy.metrics_server import MetricsServer
from telemetry.errors import SettingsError
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
