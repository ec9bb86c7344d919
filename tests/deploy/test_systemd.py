"""The units: systemd accepts them, and rates their exposure as low."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.services.availability import unavailable

UNITS = Path(__file__).parents[2] / "deploy" / "systemd"
PARTS = ("up", "collector", "ingester", "advisor", "api")
LIMIT = 3.0


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file system with systemd's units, ours, and a program."""
    root = tmp_path_factory.mktemp("root")
    shutil.copytree("/lib/systemd/system", root / "usr/lib/systemd/system", symlinks=True)
    (root / "lib").symlink_to("usr/lib")
    units = root / "etc/systemd/system"
    units.mkdir(parents=True)
    for each in UNITS.glob("system-monitor@*"):
        (shutil.copytree if each.is_dir() else shutil.copy)(each, units / each.name)
    program = root / "opt/system-monitor/bin/system-monitor"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    return root


def analyze(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        unavailable("systemd-analyze")
    command = ("systemd-analyze", f"--root={root}", *arguments)
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("part", PARTS)
def test_systemd_accepts_the_unit(root: Path, part: str) -> None:
    result = analyze(root, "verify", "--man=no", f"system-monitor@{part}.service")
    ours = [line for line in result.stderr.splitlines() if "system-monitor" in line]
    assert (result.returncode, ours) == (0, [])


@pytest.mark.parametrize("part", PARTS)
def test_systemd_rates_the_exposure_of_the_unit_as_low(root: Path, part: str) -> None:
    unit = f"system-monitor@{part}.service"
    result = analyze(root, "security", "--offline=true", "--no-pager", unit)
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", result.stdout)
    assert exposure, result.stderr
    assert float(exposure[1]) <= LIMIT, result.stdout


def test_only_the_roles_that_monitor_the_machine_can_use_nvidias_devices() -> None:
    drop_ins = {part: UNITS / f"system-monitor@{part}.service.d" / "machine.conf" for part in PARTS}
    assert {part for part, file in drop_ins.items() if file.exists()} == {"up", "collector"}
    assert drop_ins["up"].read_text() == drop_ins["collector"].read_text()
    assert "DeviceAllow=char-nvidia* rw" in drop_ins["up"].read_text()
    hidden = re.compile(r"^PrivateDevices=yes", re.MULTILINE)
    assert not hidden.search((UNITS / "system-monitor@.service").read_text())
