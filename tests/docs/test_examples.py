"""The commands in the README and the tour print what these pages show, from a running ``up``."""

import json
import re
import shutil
import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from docs.generate import ROOT
from tests.deploy.monitor import SECONDS, Monitor
from tests.services.availability import unavailable

BLOCK = re.compile(r"^ {4}\$ (?P<command>.+)\n(?P<shown>(?: {4}.*\n)*)", re.MULTILINE)
AMOUNT = re.compile(r"\d[\d.:TZ-]*(?: [kKMG]i?B| bytes)?")
EXIT_CODE = re.compile(r"exit code (\d+)")
MESSAGE = re.compile(r"^(system/\S+ )?(\{.*?\})$", re.MULTILINE | re.DOTALL)
LEFT_OUT = "…"


class Example(NamedTuple):
    page: str
    command: str
    shown: str


def examples(page: str) -> Iterator[Example]:
    for match in BLOCK.finditer((ROOT / page).read_text()):
        if not match["command"].startswith("make "):  # test_readme.py checks its output
            yield Example(page, match["command"], textwrap.dedent(match["shown"]))


EXAMPLES = [*examples("README.md"), *examples("docs/tour.md")]


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
    done = run(example, up, tmp_path, shell)
    code = EXIT_CODE.search(example.shown)
    assert done.returncode == (int(code[1]) if code else 0), done.stderr
    if "{" in example.shown:
        require_same_members(messages(example.shown), messages(done.stdout))
    else:
        printed = {pattern(line) for line in (done.stdout + done.stderr).splitlines()}
        assert {pattern(line) for line in example.shown.splitlines()} - {LEFT_OUT} <= printed


def pattern(line: str) -> str:
    """Return ``line`` without what differs from one run to the next."""
    return AMOUNT.sub("N", line)


def messages(output: str) -> dict[str, Any]:
    """Return each JSON document of ``output`` by the topic before it; a ``,…`` is left out."""
    found = {}
    for topic, payload in MESSAGE.findall(output):
        found[topic] = json.loads(payload.replace(f",{LEFT_OUT}", ""))
    return found


def require_same_members(shown: Any, actual: Any) -> None:
    """Require that ``actual`` has everything that ``shown`` has; values may differ, not types."""
    if isinstance(shown, dict):
        assert isinstance(actual, dict)
        assert shown.keys() <= actual.keys()
        for name, value in shown.items():
            require_same_members(value, actual[name])
    elif isinstance(shown, list):
        assert isinstance(actual, list)
        if shown and actual:
            require_same_members(shown[0], actual[0])
    elif shown is not None and actual is not None:
        assert isinstance(actual, (int, float) if isinstance(shown, int | float) else type(shown))
