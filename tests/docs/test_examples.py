"""The commands on these pages print what the pages show, from a running ``up``."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.monitor import SECONDS, Monitor
from tests.docs.examples import PAGES, Example, examples, require_shown
from tests.services.availability import unavailable

ELSEWHERE = {"docs/runs.md": "test_runs.py", "docs/notices.md": "test_notices.py"}
EXAMPLES = [example for page in PAGES if page not in ELSEWHERE for example in examples(page)]


def run(
    example: Example, up: Monitor, folder: Path, shell: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run the command in a shell, with the ports of ``up``."""
    if shutil.which(example.command.split()[0]) is None and "system-monitor" not in example.command:
        unavailable(example.command.split()[0])
    (folder / "train.py").write_text("b'x' * 300_000_000\nraise SystemExit(7)\n")
    count = f"-C {len(example.shown.splitlines())}"
    command = example.command.replace("localhost:8000", f"127.0.0.1:{up.http_port}")
    command = command.replace("mosquitto_sub", f"mosquitto_sub -p {up.mqtt_port} {count}")
    return subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        cwd=folder,
        env=shell,
        check=False,
    )


@pytest.mark.parametrize("example", EXAMPLES, ids=[f"{e.page} {e.command}" for e in EXAMPLES])
def test_a_command_prints_what_its_page_shows(
    example: Example, up: Monitor, tmp_path: Path, shell: dict[str, str]
) -> None:
    require_shown(example.shown, run(example, up, tmp_path, shell))


@pytest.mark.parametrize("page", ELSEWHERE)
def test_the_commands_of_the_other_pages_are_run_in_a_test_of_their_own(page: str) -> None:
    assert Path(__file__).with_name(ELSEWHERE[page]).exists()
    assert list(examples(page))
