"""The commands on all pages work: they are run, their arguments exist, or other tests run them.

Those after a ``$``, whose output the page shows, are in ``test_examples.py``.
"""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from paho.mqtt import publish

from api.recordings.folder import RecordingFolder
from deploy import arguments
from deploy.role_table import ROLES
from docs.generate import ROOT
from tests.api.runs.examples import begun, ended
from tests.deploy.conftest import own_settings
from tests.deploy.monitor import SECONDS, Monitor
from tests.docs.examples import PAGES
from tests.services.availability import unavailable
from tests.services.processes import wait_until
from tests.states import finding

__all__ = ["own_settings"]

RUN = "ablation-7-3f9a1c"  # on the pages
LINE = re.compile(r"^ {4,}(\S(?:.*\\\n)*.*)$", re.MULTILINE)
INLINE = re.compile(r"`system-monitor ([a-z]+)([^`]*)`")
OPTION = re.compile(r"--[a-z][a-z0-9-]+")
VARIABLE = re.compile(r"^SYSTEM_MONITOR_\w+=\S+ ")
TRIED = ("curl", "mosquitto_pub", "mosquitto_sub")
# The programs that other tests run, and where.
ELSEWHERE = {
    "make": "tests/docs/test_documentation.py",
    ".venv/bin/python": "tests/docs/test_documentation.py",
    "docker": "tests/docker/test_composed.py",
    "deploy/setup": "tests/deploy/test_setup.py",
    "deploy/systemd/install": "tests/docker/test_systemd.py",
    "systemctl": "tests/docker/test_systemd.py",
    "journalctl": "tests/docker/test_systemd.py",
    "pip": "tests/deploy/test_installation.py",
    "pipx": "tests/deploy/test_installation.py",
    "uv": "tests/deploy/test_installation.py",
}


def commands(*programs: str) -> list[tuple[str, str]]:
    """Return the commands that begin with one of ``programs``, each with its page."""
    return [
        (page, line)
        for page in PAGES
        for line in LINE.findall((ROOT / page).read_text())
        if VARIABLE.sub("", line).split()[0] in programs
    ]


@pytest.mark.parametrize("program", ELSEWHERE)
def test_the_other_programs_are_run_by_tests_of_their_own(program: str) -> None:
    assert commands(program)
    assert program.rpartition("/")[2] in (ROOT / ELSEWHERE[program]).read_text()


@pytest.fixture(scope="module")
def busy(up: Monitor) -> Iterator[Monitor]:
    """Have a run under way that has a recording, and a finding."""
    states = [begun(RUN, host="gpu-07", user="ada"), finding(host="gpu-07")]
    for each in states:
        publish.single(each.channel, each.payload(), 1, retain=True, port=up.mqtt_port)
    folder = up.folder / "system-monitor" / "recordings"
    RecordingFolder(folder).save("gpu-07", RUN, [b"system/cpu {}\n"])
    wait_until(lambda: RUN in str(up.get("/runs")), "the run", SECONDS)
    yield up
    for each in states:
        publish.single(each.channel, b"", 1, retain=True, port=up.mqtt_port)
    publish.single(states[0].channel, ended(states[0]).payload(), 1, port=up.mqtt_port)


@pytest.mark.parametrize(("page", "command"), commands(*TRIED))
def test_a_command_that_reads_or_publishes_succeeds(
    page: str, command: str, busy: Monitor, tmp_path: Path, shell: dict[str, str]
) -> None:
    del page
    program = command.split(maxsplit=1)[0]
    for each in (program, "jq"):
        if f" {each} " in f" {command}" and shutil.which(each) is None:
            unavailable(each)
    (tmp_path / "token").write_text("a token that is not needed\n")
    address = f"127.0.0.1:{busy.http_port}"
    command = re.sub(r"(?:localhost|127\.0\.0\.1|gpu-07):8000", address, command)
    command = command.replace(" -p 1883", "")
    more = {"curl": "--fail-with-body -sS", "mosquitto_sub": "-C 1 -W 30"}.get(program, "")
    port = "" if program == "curl" else f"-p {busy.mqtt_port}"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{program} {more} {port}{command.removeprefix(program)}"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        cwd=tmp_path,
        env=shell,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def own_commands() -> Iterator[str]:
    """Yield the arguments of each ``system-monitor`` on the pages and in ``--help``.

    Redirections, comments and the command of a run are left out.
    """
    shown = [line for _, line in commands("system-monitor", "$")]
    helped = [line.strip() for role in ROLES.values() for line in role.examples.splitlines()]
    for line in (*shown, *helped):
        command = re.split(r"\s(?:[|>#]|-- |\s)", VARIABLE.sub("", line.removeprefix("$ ")))[0]
        program, _, words = command.partition(" ")
        if program == "system-monitor":
            yield words


@pytest.mark.usefixtures("own_settings")
@pytest.mark.parametrize("text", sorted(set(own_commands())))
def test_a_command_of_ours_has_arguments_that_exist(text: str) -> None:
    with suppress(SystemExit):  # of `completion`, which prints
        arguments.parse(shlex.split(text))


@pytest.mark.parametrize("role", ROLES)
def test_the_options_that_the_text_names_exist(
    role: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        arguments.parse([role, "--help"])
    known = set(OPTION.findall(capsys.readouterr().out))
    text = "".join((ROOT / page).read_text() for page in PAGES)
    named = [words.partition(" -- ")[0] for each, words in INLINE.findall(text) if each == role]
    assert set(OPTION.findall(" ".join(named))) <= known
