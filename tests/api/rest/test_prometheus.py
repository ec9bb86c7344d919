"""A real Prometheus scrapes the API and evaluates the rules that the project ships."""

import dataclasses
from pathlib import Path

from telemetry.samples import Sample
from tests.api.running import SECONDS, RunningApi, cpu, every_family, status
from tests.services.processes import wait_until
from tests.services.prometheus import running_prometheus

UTILIZATION = "system_monitor_gpu_utilization_ratio"
PENDING = 'ALERTS{alertname="GpuMemoryRepairPending"}'


def with_repair_pending(samples: list[Sample]) -> list[Sample]:
    (gpu,) = (each for each in samples if each.channel == "system/gpu/0")
    return [dataclasses.replace(gpu, values={**gpu.values, "remapping_pending": 1})]


def test_prometheus_stores_the_readings_drops_stale_ones_and_sees_a_fault(
    api: RunningApi, tmp_path: Path
) -> None:
    api.feed(*every_family("healthy"), status("healthy", interval=60.0))
    api.feed(*with_repair_pending(every_family("faulty")), status("faulty", interval=60.0))
    api.feed(cpu("silent", age=5_500), status("silent"))
    with running_prometheus(tmp_path, f"127.0.0.1:{api.server.port}") as prometheus:
        wait_until(lambda: len(prometheus.query(UTILIZATION)) == 2, "it has scraped", SECONDS)
        ((labels, value),) = prometheus.query(f'{UTILIZATION}{{host="healthy"}}')
        assert value == 0.75
        assert labels["gpu"] == "0"
        assert labels["uuid"].startswith("GPU-")
        assert prometheus.targets() == [("up", "")]
        wait_until(lambda: prometheus.query(PENDING) != [], "the alert is pending", SECONDS)
        ((alert, _),) = prometheus.query(PENDING)
        assert (alert["host"], alert["alertstate"]) == ("faulty", "pending")
        silent = 'system_monitor_cpu_utilization_ratio{host="silent"}'
        wait_until(lambda: prometheus.query(silent) == [], "what is stale ends", SECONDS)
        healthy = 'system_monitor_cpu_utilization_ratio{host="healthy"}'
        assert len(prometheus.query(healthy)) == 1
