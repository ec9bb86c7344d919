"""The rules that keep the house in order."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ALLOWED = {
    "telemetry": set(),
    "collector": {"telemetry"},
    "ingester": {"telemetry"},
    "advisor": {"telemetry"},
    "api": {"telemetry"},
    "deploy": {"telemetry", "collector", "ingester", "advisor", "api"},
    "system_monitor": {"deploy"},
}


def imports_in(source: str, module: str) -> Iterator[str]:
    """Yield the full name of everything that ``source``, the text of ``module``, imports.

    A name imported from a module comes as ``module.name``, since it may be a module itself.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")[: -node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def imports_of(package: str) -> Iterator[tuple[Path, str]]:
    for file in (ROOT / package).rglob("*.py"):
        # A package's own text lies one level deeper than its name: `__init__` counts as a module.
        module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
        yield from ((file, name) for name in imports_in(file.read_text(), module))


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_go_one_way(package: str) -> None:
    for file, name in imports_of(package):
        room = name.partition(".")[0]
        if room in ALLOWED.keys() | {"tests"}:
            assert room in ALLOWED[package] | {package}, (file, name)


def test_the_helper_for_users_programs_imports_only_the_standard_library_and_paho() -> None:
    for file, name in imports_of("system_monitor"):
        top = name.partition(".")[0]
        if file.name != "__main__.py":
            assert top in sys.stdlib_module_names | {"paho", "system_monitor"}, (file, name)


def test_the_ingester_sees_only_the_writing_half_and_the_api_only_the_reading_half() -> None:
    port = "telemetry.history.port"
    assert f"{port}.HistoryReader" not in {name for _, name in imports_of("ingester")}
    assert f"{port}.HistoryWriter" not in {name for _, name in imports_of("api")}


def test_only_the_wiring_chooses_an_adapter() -> None:
    for package in ("collector", "ingester", "advisor", "api"):
        for file, name in imports_of(package):
            assert ".sqlite" not in name, file
            assert ".influxdb" not in name, file


def test_detectors_do_no_input_or_output_and_take_the_time_from_the_samples() -> None:
    impure = {"time", "datetime", "os", "io", "pathlib", "logging", "socket", "threading"}
    for file, name in imports_of("advisor/detectors"):
        assert name.partition(".")[0] not in impure, file


@pytest.mark.parametrize(
    ("source", "imported"),
    [
        ("import api.app", "api.app"),
        ("import api.app as application", "api.app"),
        ("from api import app", "api.app"),
        ("from api.app import create_app", "api.app.create_app"),
        ("from . import worker", "collector.worker"),
        ("from .worker import SensorWorker", "collector.worker.SensorWorker"),
        ("from ..api import app", "api.app"),
        ("def later():\n    import api.app", "api.app"),
    ],
)
def test_every_form_of_import_is_seen(source: str, imported: str) -> None:
    assert list(imports_in(source, "collector.runner")) == [imported]


def test_loading_the_settings_loads_no_mqtt_library() -> None:
    """Every command loads the settings, `--help` too; paho takes 30 ms."""
    assert "paho" not in _modules_loaded_by("telemetry.settings.loading")


def test_a_collector_loads_neither_asyncio_nor_a_web_framework() -> None:
    """It runs on every machine of a fleet, and its memory is that of its libraries."""
    loaded = _modules_loaded_by("deploy.arguments, deploy.roles.collector, collector.collector")
    assert loaded.isdisjoint({"asyncio", "fastapi", "uvicorn", "sqlite3", "psutil"})


def test_only_top_loads_the_library_for_terminals() -> None:
    """It is optional, and takes 10 MB."""
    loaded = _modules_loaded_by("deploy.arguments, deploy.wiring, deploy.roles.up, api.app")
    assert loaded.isdisjoint({"textual", "rich"})


def test_top_loads_no_web_framework() -> None:
    """It shares code with the api, and a third of its start would be FastAPI."""
    assert _modules_loaded_by("deploy.wiring, deploy.top.app").isdisjoint({"fastapi", "uvicorn"})


def _modules_loaded_by(module: str) -> set[str]:
    code = f"import sys, {module}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())
