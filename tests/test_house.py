"""The rules that keep the house in order."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ALLOWED = {
    "telemetry": set(),
    "collector": {"telemetry"},
    "ingester": {"telemetry"},
    "api": {"telemetry"},
    "deploy": {"telemetry", "collector", "ingester", "api"},
}


def imported_packages(file: Path) -> set[str]:
    modules: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules.add(node.module)
    return {module.partition(".")[0] for module in modules}


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_go_one_way(package: str) -> None:
    for file in (ROOT / package).rglob("*.py"):
        rooms = imported_packages(file) & (ALLOWED.keys() | {"tests"})
        assert rooms <= ALLOWED[package] | {package}, file


def modules_mentioned(package: str) -> set[str]:
    return {
        f"{node.module}.{alias.name}"
        for file in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def test_the_ingester_sees_only_the_writing_half_and_the_api_only_the_reading_half() -> None:
    assert "telemetry.history.port.HistoryReader" not in modules_mentioned("ingester")
    assert "telemetry.history.port.HistoryWriter" not in modules_mentioned("api")


def test_only_the_wiring_chooses_an_adapter() -> None:
    for package in ("collector", "ingester", "api"):
        mentioned = modules_mentioned(package)
        assert not any(".sqlite" in name or ".influxdb" in name for name in mentioned)
