"""The basis of the test and the table of a real GPU; a script replaces nvidia-smi."""

import sys
from pathlib import Path

import pytest

from collector.sensors.gpu.sensor import GpuSensor
from tests.benchmarks.gpu_hardware import page
from tests.collector.sensors.gpu import nvidia_smi
from tests.fakes.nvml import FakeNvml

SCRIPT = f"""#!{sys.executable}
import sys
SAYS = {{"name": "NVIDIA L4", "pci.bus_id": "00000000:18:00.0", "pstate": "P0",
        "utilization.gpu": "75", "memory.used": "100", "fan.speed": "[N/A]",
        "power.draw": "90.50", "retired_pages.pending": "No", "compute_mode": "Default"}}
argument = sys.argv[1]
if argument == "--help-query-gpu":
    print("\\n".join(f'"{{name}}" or "{{name}}.else"' for name in SAYS))
else:
    print(", ".join(SAYS[name] for name in argument.partition("=")[2].split(",")))
"""


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "bin" / "nvidia-smi"
    script.parent.mkdir()
    script.write_text(SCRIPT)
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(script.parent))


@pytest.mark.usefixtures("on_path")
@pytest.mark.skipif(sys.platform == "win32", reason="the script is one of Unix")
def test_what_nvidia_smi_reports_is_read_in_our_units_and_compared_with_the_readings(
    gpu_sensor: GpuSensor, fake_nvml: FakeNvml
) -> None:
    [row] = nvidia_smi.query()
    assert row["memory_used"] == ("memory.used", 100 * 1024 * 1024)
    assert row["power"] == ("power.draw", 90.5)
    assert row["fan_speed"] == ("fan.speed", None)
    assert (row["performance_state"].value, row["retirement_pending"].value) == (0, 0)
    assert "uuid" not in row
    fake_nvml.set_readings(name="NVIDIA L4", utilization=70, fan_speed=33)
    gpu_sensor.open()
    readings = {reading.channel: reading.values for reading in gpu_sensor.read()}
    text = page(readings, [row], "570.86.15")
    assert "| `utilization` | 70 | 75.0 | `utilization.gpu` |  |" in text
    assert "| `fan_speed` | 33 | None | `fan.speed` | differs |" in text
    assert "| `compute_mode` | default | default | `compute_mode` |  |" in text
    assert "1 processes are listed." in text
