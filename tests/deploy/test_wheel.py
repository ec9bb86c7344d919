"""What the wheel puts on a machine."""

from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.deploy.wheel import ROOT, build_wheel

PACKAGES = {"system_monitor", "telemetry", "collector", "ingester", "api", "deploy"}
PAGE = ROOT / "docs" / "deploy" / "wheel.md"


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    with ZipFile(build_wheel(tmp_path_factory.mktemp("wheel"))) as wheel:
        return wheel.namelist()


def test_it_installs_six_packages_that_the_docs_name(names: list[str]) -> None:
    top = {name.partition("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == PACKAGES
    text = PAGE.read_text()
    assert all(f"`{package}`" in text for package in PACKAGES)


def test_it_holds_the_built_dashboard_and_not_its_source(names: list[str]) -> None:
    assert "api/static/index.html" in names
    assert any(name.startswith("api/static/assets/") and name.endswith(".js") for name in names)
    assert not any(name.startswith("api/dashboard/") for name in names)


def test_it_holds_nothing_but_code_and_the_pages(names: list[str]) -> None:
    login = {f"api/serving/access/login.{suffix}" for suffix in ("html", "css", "js")}
    assert login <= set(names)
    rest = [name for name in names if not name.startswith("api/static/") and name not in login]
    assert {Path(name).suffix for name in rest if ".dist-info/" not in name} == {".py"}
