"""The contents of the wheel."""

import hashlib
import tarfile
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.deploy.wheel import ROOT, build_sdist, build_wheel

PACKAGES = {"system_monitor", "telemetry", "collector", "ingester", "advisor", "api", "deploy"}
PAGE = ROOT / "docs" / "deploy" / "wheel.md"
APACHE_2 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZipFile]:
    with ZipFile(build_wheel(tmp_path_factory.mktemp("wheel"))) as file:
        yield file


@pytest.fixture
def names(wheel: ZipFile) -> list[str]:
    return wheel.namelist()


def test_it_installs_seven_packages_that_the_docs_name(names: list[str]) -> None:
    top = {name.partition("/")[0] for name in names}
    assert {name for name in top if not name.endswith((".dist-info", ".data"))} == PACKAGES
    text = PAGE.read_text()
    assert all(f"`{package}`" in text for package in PACKAGES)


def test_it_contains_the_built_dashboard_and_not_its_source(names: list[str]) -> None:
    assert "api/static/index.html" in names
    assert any(name.startswith("api/static/assets/") and name.endswith(".js") for name in names)
    assert not any(name.startswith("api/dashboard/") for name in names)


def test_it_contains_only_code_and_the_pages(names: list[str]) -> None:
    pages = {f"api/serving/access/login.{suffix}" for suffix in ("html", "css", "js")}
    pages.add("api/reports/style.css")
    assert pages <= set(names)
    rest = [name for name in names if not name.startswith("api/static/") and name not in pages]
    code = [name for name in rest if ".dist-info/" not in name and ".data/" not in name]
    assert {Path(name).suffix for name in code} == {".py"}


def test_it_installs_the_manual_page(names: list[str]) -> None:
    data = [name for name in names if ".data/" in name]
    assert [name.partition(".data/")[2] for name in data] == [
        "data/share/man/man1/system-monitor.1"
    ]


def test_it_contains_the_helper_for_users_programs(names: list[str]) -> None:
    files = {"__init__", "__main__", "helper", "outbox", "process", "settings"}
    assert {f"system_monitor/{name}.py" for name in files} <= set(names)


def test_it_contains_the_license_and_names_it_in_its_metadata(wheel: ZipFile) -> None:
    (file,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    metadata = message_from_bytes(wheel.read(file))
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata.get_all("License-File") == ["LICENSE"]
    text = wheel.read(file.replace("METADATA", "licenses/LICENSE"))
    assert hashlib.sha256(text).hexdigest() == APACHE_2


def test_the_source_distribution_contains_the_license(tmp_path: Path) -> None:
    with tarfile.open(build_sdist(tmp_path)) as sdist:
        assert any(name.endswith("/LICENSE") and name.count("/") == 1 for name in sdist.getnames())
