"""The examples in docs/data.md run."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from arro3.io import read_parquet

from deploy import command
from docs.generate import ROOT
from telemetry.bus.connection import BusConnection
from tests.api.rest.test_history_csv import ticks
from tests.api.running import RunningApi, running_api
from tests.deploy.conftest import own_settings

__all__ = ["own_settings"]

PAGE = (ROOT / "docs" / "data.md").read_text()
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXPORT = re.compile(r"^ {4}system-monitor (export .*)$", re.MULTILINE)
SERVER = "http://localhost:8000"
TICKS = 300
TOKEN = "0123456789abcdef"  # noqa: S105 - of a test server


@pytest.fixture(scope="module")
def api(
    shared_bus: BusConnection, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningApi]:
    """Run an API with a token, and ten minutes of history."""
    folder = tmp_path_factory.mktemp("data")
    with running_api(shared_bus, folder, connected=False, http_token=TOKEN) as running:
        running.store(*(sample for tick in ticks(TICKS) for sample in tick))
        yield running


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Work in an empty folder with the file of the token."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "http_token").write_text(f"{TOKEN}\n")
    return tmp_path


def address(api: RunningApi) -> str:
    return f"http://127.0.0.1:{api.server.port}"


def run(example: str, names: dict[str, Any], api: RunningApi) -> None:
    """Run ``example`` as a cell of a notebook whose names are ``names``."""
    exec(example.replace(SERVER, address(api)), names)  # noqa: S102 - our own example


@pytest.mark.usefixtures("here")
def test_the_cells_of_the_notebook_run_one_after_the_other(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    *without_token, with_token = PYTHON.findall(PAGE)
    names: dict[str, Any] = {}
    with monkeypatch.context() as patch:
        # One server is enough: pandas gets the token wherever a cell does not send it.
        read = pd.read_csv
        sent = {"Authorization": f"Bearer {TOKEN}"}
        patch.setattr(pd, "read_csv", lambda *a, **b: read(*a, **{"storage_options": sent, **b}))
        for cell in without_token:
            run(cell, names, api)
    first = names["df"]
    run(with_token, names, api)
    assert len(without_token) == 2
    assert len(first) == TICKS
    for data in (first, names["df"], names["week"]):
        assert set(map(str, data.dtypes)) == {"float64"}
    assert (names["power"] == 200.0).all()
    assert len(names["busy"]) == TICKS
    assert 10 <= len(names["minutes"]) <= 11
    assert 0 < len(names["week"]) <= 4
    assert len(names["df"]) == len(names["week"])


def test_every_export_on_the_page_writes_a_table_that_pandas_reads(
    api: RunningApi, here: Path, own_settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert own_settings == here
    examples = EXPORT.findall(PAGE)
    assert len(examples) == 5
    for example in examples:
        arguments = shlex.split(example.partition(">")[0])
        swapped = {"https://monitor.lan": address(api), "FILE": "http_token", "gpu-07": "alpha"}
        options = ["--http-port", str(api.server.port), "--http-token-file", "http_token"]
        assert command.run([*(swapped.get(each, each) for each in arguments), *options]) == 0
        output = capsys.readouterr().out
        named = [each for each in arguments if each.startswith("week.")]
        file = here / (named[0] if named else "output")
        if not file.exists():
            file.write_text(output)
        assert rows(file, arguments) == TICKS
        file.unlink()


def rows(file: Path, arguments: list[str]) -> int:
    """Return the number of rows in a file of ``export``."""
    if "parquet" in arguments:  # pandas would need pyarrow
        return read_parquet(str(file)).read_all().num_rows
    return len(pd.read_json(file, lines=True) if "jsonl" in arguments else pd.read_csv(file))
