"""The packaged project on a machine without Node: pip, pipx and uv install a working command."""

import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deploy.monitor import free_ports, running
from tests.deploy.wheel import ROOT, build_sdist, build_wheel

pytestmark = pytest.mark.soak
SECONDS = 300.0
LOCKS = ROOT / "locks"


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the wheel and the source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    build_wheel(folder)
    build_sdist(folder)
    return folder


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the programs of an environment with the checkers of `make dist`."""
    folder = tmp_path_factory.mktemp("tools")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    _run(folder / "bin", "pip", "install", "--require-hashes", "-r", LOCKS / "release.txt")
    return folder / "bin"


@pytest.fixture
def no_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Leave only Python on PATH and an empty home folder; return the latter."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "python3").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert shutil.which("node") is None
    assert shutil.which("npm") is None
    return tmp_path


def with_pip(tools: Path, package: Path, home: Path) -> Path:
    _run(tools, "python", "-m", "venv", home / "environment")
    folder = home / "environment" / "bin"
    _run(folder, "pip", "install", package)
    return folder


def with_pipx(tools: Path, package: Path, home: Path) -> Path:
    _run(tools, "pipx", "install", package)
    return home / ".local" / "bin"


def with_uv(tools: Path, package: Path, home: Path) -> Path:
    _run(tools, "uv", "tool", "install", "--python", sys.executable, package)
    return home / ".local" / "bin"


def _run(folder: Path, program: str, *arguments: object) -> None:
    result = subprocess.run(
        [folder / program, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_checkers_find_nothing_in_the_packaged_project(tools: Path, dist: Path) -> None:
    _run(tools, "twine", "check", "--strict", *dist.iterdir())
    config = ("--config", ROOT / "pyproject.toml")
    _run(tools, "check-wheel-contents", *config, *dist.glob("*.whl"))


@pytest.mark.parametrize("install", [with_pip, with_pipx, with_uv])
@pytest.mark.parametrize("kind", ["*.whl", "*.tar.gz"])
def test_it_installs_without_node_and_serves_the_dashboard_from_any_folder(
    install: Callable[[Path, Path, Path], Path],
    kind: str,
    tools: Path,
    dist: Path,
    no_node: Path,
    foreign_repository: Path,
) -> None:
    (package,) = dist.glob(kind)
    command = install(tools, package, no_node) / "system-monitor"
    variables = {"PYTHONPATH": str(foreign_repository)}
    options = free_ports()
    with running(
        no_node / "up", "up", *options, command=[str(command)], variables=variables
    ) as monitor:
        with urllib.request.urlopen(f"http://127.0.0.1:{monitor.http_port}/") as answer:
            assert b"/assets/index-" in answer.read()
        monitor.wait_for_history(2)
