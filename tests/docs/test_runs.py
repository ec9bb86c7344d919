"""The command on docs/runs.md prints the summary that the page shows, of a run on two GPUs."""

import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.deploy.monitor import COMMAND, SECONDS, environment, running
from tests.deploy.runs.published import Published
from tests.docs.examples import examples, require_shown
from tests.fakes.nvml import FakeNvml
from tests.services.embedded import Listener
from tests.services.mosquitto import Mosquitto

GIBIBYTE = 1024**3


@pytest.mark.skipif(sys.platform != "linux", reason="`run` needs Linux")
def test_a_run_on_gpus_ends_with_the_summary_on_the_page(
    tmp_path: Path, fake_nvml: FakeNvml, mosquitto: Mosquitto
) -> None:
    (example,) = examples("docs/runs.md")
    (tmp_path / "train.py").write_text("print('training')\ninput()\n")
    prefix = f"page-{uuid.uuid4().hex[:8]}"
    where = {
        "SYSTEM_MONITOR_MQTT_URL": f"mqtt://127.0.0.1:{mosquitto.port}",
        "SYSTEM_MONITOR_TOPIC_PREFIX": prefix,
        "SYSTEM_MONITOR_HOST_NAME": "gpu-07",
        "PATH": f"{Path(COMMAND).parent}:/usr/bin:/bin",
    }
    fake_nvml.set_gpus(2)
    fake_nvml.set_readings(processes="none")
    interval = ("--interval-seconds", "0.2")
    variables = {**where, **fake_nvml.environment}
    with (
        Listener(mosquitto.port, f"{prefix}/#") as listener,
        running(tmp_path / "collector", "collector", *interval, variables=variables, wait=False),
        subprocess.Popen(
            ["bash", "-c", example.command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env=environment(tmp_path, **where),
        ) as process,
    ):
        published = Published(listener, prefix)
        state = published.wait_for_state(name="ablation-7", tags=["nightly"])
        fake_nvml.set_readings(processes=f"{state.values['pid']}:compute:{60 * GIBIBYTE}")
        published.wait_for_state(name="ablation-7", gpus=["0", "1"])
        lists = f"{prefix}/system/gpu/1/processes"
        listener.wait_for(lists, len(listener.on(lists)) + 4)  # the time between two lists counts
        output, errors = process.communicate("\n", SECONDS)
    require_shown(
        example.shown, subprocess.CompletedProcess("", process.returncode, output, errors)
    )
