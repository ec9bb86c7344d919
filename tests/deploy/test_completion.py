"""Completion with TAB in real shells, in a terminal."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.completion import VALUES
from telemetry.errors import SettingsError
from telemetry.settings.fields import SettingFields
from telemetry.settings.loading import load_settings
from tests.deploy.monitor import SECONDS, environment, finished
from tests.services.availability import unavailable
from tests.services.processes import wait_until

IN_A_TERMINAL = "import pty, sys; pty.spawn(sys.argv[1:])"
PROMPT = "ready-for-input"
STAND_IN = """\
#!/bin/sh
printf '%s\\n' "$@" > arguments.new
mv arguments.new arguments
"""


def start_bash(folder: Path, script: str) -> list[str]:
    (folder / "bashrc").write_text(f"PS1='{PROMPT} '\n{script}")
    return ["bash", "--rcfile", str(folder / "bashrc"), "-i"]


def start_zsh(folder: Path, script: str) -> list[str]:
    (folder / "_system-monitor").write_text(script)
    settings = "fpath=($ZDOTDIR $fpath); autoload -Uz compinit; compinit -u -D"
    (folder / ".zshrc").write_text(f"{settings}\nPS1='{PROMPT} '\n")
    return ["zsh", "--no-globalrcs", "-i"]


def start_fish(folder: Path, script: str) -> list[str]:
    completions = folder / "fish" / "completions"
    completions.mkdir(parents=True)
    (completions / "system-monitor.fish").write_text(script)
    # Without this folder, fish begins to parse all manual pages in the background, for minutes.
    (folder / "fish" / "generated_completions").mkdir()
    settings = f"function fish_prompt; echo '{PROMPT} '; end\n"
    (folder / "fish" / "config.fish").write_text(settings)
    return ["fish", "-i"]


STARTS: dict[str, Callable[[Path, str], list[str]]] = {
    "bash": start_bash,
    "zsh": start_zsh,
    "fish": start_fish,
}


@pytest.fixture(scope="module", params=STARTS)
def script(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, str]:
    """Return a shell and what ``system-monitor completion`` prints for it."""
    if shutil.which(request.param) is None:
        unavailable(request.param)
    end = finished(tmp_path_factory.mktemp("home"), "completion", request.param)
    assert (end.returncode, end.stderr) == (0, "")
    return request.param, end.stdout


def arguments_after(typed: str, shell: str, script: str, folder: Path) -> list[str]:
    """Type ``typed`` in a terminal and return the arguments that ``system-monitor`` receives."""
    programs = folder / "programs"
    programs.mkdir()
    (programs / "system-monitor").write_text(STAND_IN)
    (programs / "system-monitor").chmod(0o755)
    command = STARTS[shell](folder, script)
    path = f"{programs}:/usr/local/bin:/usr/bin:/bin"
    variables = environment(folder, PATH=path, TERM="dumb", ZDOTDIR=str(folder))
    shown, arguments = folder / "shown", folder / "arguments"
    with shown.open("wb") as out:
        terminal = subprocess.Popen(
            [sys.executable, "-c", IN_A_TERMINAL, *command],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=out,
            cwd=folder,
            env=variables,
        )
    with terminal:
        assert terminal.stdin is not None
        try:
            wait_until(lambda: PROMPT in shown.read_text(errors="replace"), "a prompt", SECONDS)
            terminal.stdin.write(f"system-monitor {typed}\r".encode())
            terminal.stdin.flush()
            wait_until(arguments.exists, "the command", SECONDS)
            terminal.stdin.write(b"exit\r")
            terminal.stdin.flush()
            terminal.wait(SECONDS)
        finally:
            terminal.kill()
    return arguments.read_text().splitlines()


@pytest.mark.parametrize(
    ("typed", "arguments"),
    [
        ("chec\t", ["check"]),
        ("--vers\t", ["--version"]),
        ("completion fi\t", ["completion", "fish"]),
        ("up --log-le\twarn\t", ["up", "--log-level", "warning"]),
        ("collector --log-format js\t", ["collector", "--log-format", "json"]),
        (
            "up --http-allow-an\t--http-po\t80",
            ["up", "--http-allow-anonymous", "--http-port", "80"],
        ),
        ("check --conf\tset\t", ["check", "--config", "settings.toml"]),
        ("check --config folder/my\\ set\t", ["check", "--config", "folder/my settings.toml"]),
        ("up --http-token-file ~/set\t", ["up", "--http-token-file", "{home}/settings.toml"]),
        ("ingester --data-d\tfol\t", ["ingester", "--data-dir", "folder"]),
        ("run --repo\tfol\t -- x", ["run", "--report", "folder", "--", "x"]),
    ],
)
def test_tab_completes(
    script: tuple[str, str], typed: str, arguments: list[str], tmp_path: Path
) -> None:
    (tmp_path / "settings.toml").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "my settings.toml").touch()
    if "--data-dir" in arguments:
        (tmp_path / "folder.txt").touch()
    received = arguments_after(typed, *script, tmp_path)
    assert [argument.rstrip("/") for argument in received] == [
        argument.format(home=tmp_path) for argument in arguments
    ]


@pytest.mark.usefixtures("own_settings")
def test_the_values_that_are_completed_are_those_that_the_settings_accept() -> None:
    allowed = {}
    for name in SettingFields.model_fields:
        with pytest.raises(SettingsError) as refusal:
            load_settings({name: "\0"})
        _, listed, values = str(refusal.value).partition("must be one of ")
        if listed:
            allowed[name] = tuple(values.rstrip(".").split(", "))
    assert allowed == VALUES
