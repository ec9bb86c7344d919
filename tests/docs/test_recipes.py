"""The recipes in docs/recipes.md work, each with its tool."""

import json
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from paho.mqtt import publish
from tensorboardX.proto.event_pb2 import Event

from docs.generate import ROOT
from telemetry.catalogue import GPU
from tests.deploy.monitor import SECONDS, Monitor
from tests.services.availability import find_program, skip_or_fail
from tests.services.processes import free_port, wait_until

PAGE = (ROOT / "docs" / "recipes.md").read_text()
RECIPE = re.compile(r"^## (.*?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"^```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RECIPES = {title: CODE.findall(body) for title, body in RECIPE.findall(PAGE)}
NODE_MODULES = ROOT / "api" / "dashboard" / "node_modules"
JOB = {
    "SLURM_JOB_ID": "4711",
    "SLURM_JOB_NAME": "trial",
    "SLURM_JOB_USER": "ada",
    "SLURM_SCRIPT_CONTEXT": "prolog_slurmd",
}


@pytest.fixture
def gpu(up: Monitor) -> dict[str, Any]:
    """Publish a sample of a hot GPU, whose power is not known, and return it."""
    values = {field.name: field.example for field in GPU.fields}
    now = time.time_ns() // 1_000_000
    sample = {"host": "gpu-07", "timestamp": now, **values, "temperature": 91.0, "power": None}
    publish.single("system/gpu/0", json.dumps(sample), 1, retain=True, port=up.mqtt_port)
    return sample


def adapted(text: str, up: Monitor) -> str:
    """Return ``text`` with the addresses of ``up``."""
    text = text.replace("localhost:8000", f"127.0.0.1:{up.http_port}")
    return text.replace("localhost:1883", f"127.0.0.1:{up.mqtt_port}")


@contextmanager
def output_of(command: Sequence[str], folder: Path, env: dict[str, str]) -> Iterator[Path]:
    """Run ``command`` in ``folder``, and return the file of its output."""
    file = folder / "output"
    with file.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder, env=env)
        try:
            yield file
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()


def wait_for(pattern: str, file: Path) -> re.Match[str]:
    """Return the match of ``pattern`` in ``file``, once there is one."""
    found = None

    def matches() -> bool:
        nonlocal found
        found = re.search(pattern, file.read_text(), re.MULTILINE)
        return found is not None

    wait_until(matches, pattern, SECONDS)
    assert found is not None
    return found


@pytest.mark.usefixtures("gpu")
def test_mqtt_js_receives_the_samples_of_the_topics(
    up: Monitor, tmp_path: Path, shell: dict[str, str]
) -> None:
    if not (NODE_MODULES / "mqtt").is_dir():
        skip_or_fail("MQTT.js is not installed: run `npm ci` in api/dashboard")
    (script,) = RECIPES["mqtt.js"]
    variables = {**shell, "NODE_PATH": str(NODE_MODULES)}
    command = [find_program("node"), "-e", adapted(script, up)]
    with output_of(command, tmp_path, variables) as output:
        for line in (r"system/gpu/0 gpu-07 [\d.]+", r"system/cpu \S+ [\d.]+"):
            wait_for(line, output)


@pytest.mark.usefixtures("gpu")
def test_node_red_logs_the_sample_of_a_hot_gpu(
    up: Monitor, tmp_path: Path, shell: dict[str, str]
) -> None:
    (text,) = RECIPES["Node-RED"]
    flow = json.loads(text)
    identities = {node["id"] for node in flow}
    for node in flow:
        assert {each for wires in node.get("wires", []) for each in wires} <= identities
        assert {node.get("z", "flow"), node["broker"] if "qos" in node else "broker"} <= identities
    program = shutil.which("node-red")
    if program is None:
        pytest.skip("node-red is not on PATH: only the references of its flow were checked")
    flow[0] |= {"broker": "127.0.0.1", "port": str(up.mqtt_port)}
    (tmp_path / "flows.json").write_text(json.dumps(flow))
    options = ["--userDir", str(tmp_path), "--port", str(free_port())]
    with output_of([program, *options, "flows.json"], tmp_path, shell) as output:
        wait_for("temperature: 91", output)


@pytest.mark.parametrize("number", [0, 1], ids=["json", "json_v2"])
def test_telegraf_reads_a_sample_with_its_time_and_tags(
    number: int, up: Monitor, gpu: dict[str, Any], tmp_path: Path, shell: dict[str, str]
) -> None:
    recipe = adapted(RECIPES["Telegraf"][number], up)
    assert tomllib.loads(recipe)["inputs"]["mqtt_consumer"]
    program = shutil.which("telegraf")
    if program is None:
        pytest.skip("telegraf is not on PATH: only the syntax of its configuration was checked")
    output = '[agent]\n  flush_interval = "200ms"\n[[outputs.file]]\n  files = ["stdout"]\n'
    (tmp_path / "telegraf.conf").write_text(output + recipe)
    with output_of([program, "--config", "telegraf.conf"], tmp_path, shell) as lines:
        pattern = rf"^\S*host=gpu-07,\S*uuid={gpu['uuid']}\S* (\S+) {gpu['timestamp']}000000$"
        fields = wait_for(pattern, lines)[1]
    assert "temperature=91" in fields
    assert "power=" not in fields


def test_the_cell_of_a_notebook_is_a_run_and_reads_the_machine_in_that_time(
    up: Monitor, shell: dict[str, str]
) -> None:
    (cell,) = RECIPES["Jupyter"]
    # In a process of its own, as in a notebook: the helper publishes until the process ends.
    cell = adapted(cell, up).replace('now("UTC")', 'now("UTC") - pd.Timedelta("1min")')
    cell = cell.replace("df.filter", "print(df.filter").replace(".describe()", ".describe())")
    shown = subprocess.run(
        [sys.executable, "-c", cell],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=shell,
        check=True,
    )
    assert "system/cpu.utilization" in shown.stdout
    wait_until(lambda: up.get("/runs", name="notebook")["runs"], "the run", SECONDS)
    marks = up.get("/annotations")["annotations"]
    assert "load the data" in [each["text"] for each in marks]


def test_a_job_of_slurm_is_a_run_with_the_jobs_id_as_its_tag(
    up: Monitor, tmp_path: Path, shell: dict[str, str]
) -> None:
    script, _ = RECIPES["Slurm"]
    (tmp_path / "train.py").write_text("raise SystemExit(3)\n")
    command = ["bash", "-c", script]
    done = subprocess.run(command, cwd=tmp_path, env={**shell, **JOB}, check=False)
    assert done.returncode == 3
    wait_until(lambda: up.get("/runs", tag="slurm-4711")["runs"], "the run", SECONDS)


def test_the_prolog_of_slurm_marks_the_job_and_succeeds_without_a_server(
    up: Monitor, tmp_path: Path, shell: dict[str, str]
) -> None:
    _, script = RECIPES["Slurm"]
    find_program("curl")
    for text in (adapted(script, up), script.replace("8000", str(free_port()))):
        command = ["sh", "-c", text]
        done = subprocess.run(command, cwd=tmp_path, env={**shell, **JOB}, check=False)
        assert done.returncode == 0
    wait_until(
        lambda: (
            "Slurm job 4711 of ada: prolog"
            in [each["text"] for each in up.get("/annotations")["annotations"]]
        ),
        "the annotation",
        SECONDS,
    )


def test_tensorboard_gets_the_values_with_their_times(
    up: Monitor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (cell,) = RECIPES["TensorBoard"]
    names: dict[str, Any] = {}
    exec(adapted(cell, up), names)  # noqa: S102 - our own example
    (file,) = (tmp_path / "logs" / "machine").iterdir()
    found = [
        (value.tag, event.wall_time)
        for event in events(file.read_bytes())
        for value in event.summary.value
    ]
    expected = names["df"]["system/cpu.utilization"].dropna()
    times = [each for tag, each in found if tag == "system/cpu/utilization"]
    assert times == [pd.Timestamp(each).timestamp() for each in expected.index]


def events(data: bytes) -> Iterator[Any]:
    """Yield the events of a file of TensorBoard: each has its length and two checksums."""
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        yield Event.FromString(data[12 : 12 + length])
        data = data[16 + length :]


def test_an_experiment_of_wandb_has_the_id_of_the_run(
    up: Monitor, tmp_path: Path, shell: dict[str, str]
) -> None:
    (script,) = RECIPES["W&B"]
    compile(script, "recipe", "exec")
    if find_spec("wandb") is None:
        pytest.skip("wandb is not installed: only the syntax of its recipe was checked")
    (tmp_path / "train.py").write_text(script + "    print(dict(experiment.config))\n")
    command = ["system-monitor", "run", "--name", "wandb", "--", sys.executable, "train.py"]
    variables = {**shell, "WANDB_MODE": "offline"}
    done = subprocess.run(
        command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=True
    )
    (found,) = up.get("/runs", name="wandb")["runs"]
    assert f"{{'system_monitor_run': '{found['id']}'}}" in done.stdout
