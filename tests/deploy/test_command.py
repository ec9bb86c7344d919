import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy import command
from deploy.own_arguments import SHELLS
from telemetry import __version__
from telemetry.settings.fields import SettingFields
from tests.deploy.monitor import COMMAND, environment, finished, free_ports

SECRET = "correct-horse"  # noqa: S105 - must not appear in the output
WITHOUT_HISTORY = ("collector", "forget", "findings", "record", "replay")
ROLES = (
    *("up", "collector", "ingester", "advisor", "api", "check", "forget", "findings", "record"),
    "replay",
)

pytestmark = pytest.mark.usefixtures("own_settings")


@pytest.fixture
def occupied() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield str(server.getsockname()[1])


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the one sentence of the error message."""
    children = psutil.Process().children()
    assert command.run(arguments) == 2
    assert psutil.Process().children() == children
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("system-monitor: ")
    assert said.err.count("\n") == 1
    return said.err


def help_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as end:
        command.run([*arguments, "--help"])
    assert end.value.code == 0
    return capsys.readouterr().out


def test_the_help_names_each_role_and_what_the_exit_codes_mean(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = help_of(capsys)
    assert all(f"\n    {role} " in text or f"\n    {role}\n" in text for role in ROLES)
    assert "Exit codes: 0" in text
    assert "SYSTEM_MONITOR_HTTP_PORT" in text


@pytest.mark.parametrize("role", ROLES)
def test_the_help_of_a_role_describes_it_and_lists_its_options(
    capsys: pytest.CaptureFixture[str], role: str
) -> None:
    text = help_of(capsys, role)
    assert text.startswith(f"usage: system-monitor {role}")
    assert "config.toml" in text
    assert ("--http-port" in text) == (role in ("up", "api", "check"))
    assert ("--interval-seconds" in text) == (role in ("up", "collector", "check"))
    assert ("--data-dir" in text) == (role not in WITHOUT_HISTORY)
    assert "--influxdb-token " not in text


@pytest.mark.parametrize("role", [*ROLES, "export", "top", "completion"])
def test_the_help_of_each_command_has_examples(
    capsys: pytest.CaptureFixture[str], role: str
) -> None:
    assert f"\nexamples:\n  system-monitor {role}" in help_of(capsys, role).replace(
        "  system-monitor record --output night.txt\n  system-monitor findings",
        "  system-monitor findings",
    )


def test_the_help_of_completion_shows_where_to_save_each_script(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = help_of(capsys, "completion")
    assert all(f"system-monitor completion {shell} > ~/" in text for shell in SHELLS)


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        command.run(["--version"])
    assert (end.value.code, capsys.readouterr().out) == (0, f"system-monitor {__version__}\n")


def test_without_a_role_the_help_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        command.run([])
    assert end.value.code == 2
    assert "usage: system-monitor" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["up", "--http-port", "0"], ["http_port='0'", "--http-port", "from 1 to 65535"]),
        (["collector", "--interval-seconds", "61"], ["interval_seconds='61'", "from 0.1 to 60"]),
        (["api", "--log-level", "LOUD"], ["log_level='LOUD'", "debug, info, warning, error"]),
        (["up", "--http-port", "7", "--mqtt-port", "7"], ["http_port and mqtt_port are both 7"]),
        (["up", "--http-prot", "1"], ["Unknown argument --http-prot", "up --help"]),
        (["up", "--http-port"], ["--http-port", "expected one argument"]),
        (["up", "--http", "1"], ["Unknown argument --http;"]),
        (["collector", "--http-port", "1"], ["`collector` does not accept --http-port"]),
        (["serve"], ["'serve'", "collector"]),
        (["forget"], ["HOST", "forget --help"]),
        (["forget", "a/b"], ["HOST: 'a/b'", "a name without '/'", "forget --help"]),
        (["findings"], ["FILE", "findings --help"]),
        (["completion", "tcsh"], ["'tcsh'", "bash", "zsh", "fish"]),
        (["completion"], ["SHELL", "completion --help"]),
        (["completion", "bash", "--http-port", "1"], ["`completion` does not accept --http-port"]),
        (["up", "surplus"], ["surplus"]),
    ],
)
def test_a_wrong_command_line_is_one_sentence_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], parts: list[str]
) -> None:
    sentence = refusal(capsys, *arguments)
    assert [part for part in parts if part not in sentence] == []


def test_a_missing_or_invalid_config_file_is_one_sentence(
    capsys: pytest.CaptureFixture[str], own_settings: Path
) -> None:
    file = own_settings / "settings.toml"
    assert f"The settings file {file} does not exist" in refusal(
        capsys, "up", "--config", str(file)
    )
    folder = refusal(capsys, "up", "--config", str(own_settings))
    assert f"The settings in {own_settings} cannot be read" in folder
    file.write_text("http_port 8000")
    assert f"{file} is not valid TOML" in refusal(capsys, "up", "--config", str(file))
    file.write_text("http_prot = 8000")
    assert "did you mean http_port?" in refusal(capsys, "up", "--config", str(file))


@pytest.mark.parametrize("option", ["--http-port", "--mqtt-port"])
def test_an_occupied_port_is_reported_before_anything_starts(
    capsys: pytest.CaptureFixture[str], own_settings: Path, option: str, occupied: str
) -> None:
    folder = own_settings / "data"
    ports = [*free_ports(), option, occupied]
    sentence = refusal(capsys, "up", "--data-dir", str(folder), *ports)
    assert f"127.0.0.1:{occupied} (address already in use)" in sentence
    assert option in sentence
    assert list(own_settings.iterdir()) == []


def test_an_api_alone_reports_an_occupied_port(
    capsys: pytest.CaptureFixture[str], occupied: str
) -> None:
    assert "address already in use" in refusal(capsys, "api", "--http-port", occupied)


@pytest.mark.parametrize("option", ["--http-host", "--mqtt-host"])
@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-name.invalid", "::zz", f"{'x' * 70}.de"])
def test_an_address_that_is_not_this_machines_is_one_sentence(
    capsys: pytest.CaptureFixture[str], option: str, host: str
) -> None:
    sentence = refusal(capsys, "up", *free_ports(), option, host)
    assert f"choose an address of this machine with {option}" in sentence


def test_a_data_folder_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    end = finished(tmp_path, "up", "--data-dir", str(file / "below"), *free_ports())
    assert (end.returncode, end.stdout, end.stderr.count("\n")) == (2, "", 1)
    assert f"{file} is a file" in end.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--mqtt-url", f"mqtt://me:{SECRET}@"],
        ["--mqtt-url", f"mqtt://me:{SECRET}@127.0.0.1"],
        [f"--mqtt-url=mqtt://:{SECRET}@127.0.0.1"],
        ["--mqtt-password", SECRET],
        ["--influxdb-url", f"http://me:{SECRET}@localhost"],
        ["--influxdb-token", SECRET],
        [f"--influxdb-token={SECRET}"],
    ],
)
def test_a_secret_is_not_repeated(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert SECRET not in refusal(capsys, "up", *arguments)


@pytest.mark.parametrize("option", [["--http-token", SECRET], [f"--http-token={SECRET}"]])
def test_an_option_before_the_command_is_rejected_without_its_value(
    capsys: pytest.CaptureFixture[str], option: list[str]
) -> None:
    sentence = refusal(capsys, *option, "up")
    assert "The command comes before its options, as in `system-monitor up --http-token" in sentence
    assert SECRET not in sentence


def test_no_secret_is_an_option_and_a_password_in_a_url_is_rejected(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in SettingFields.secrets():
        option = f"--{name.replace('_', '-')}"
        assert f"{option}-file" in help_of(capsys, "up")
        if name != "mqtt_url":  # most contain no password
            assert f"{option} " not in help_of(capsys, "up")
            assert f"a command line: use {option}-file" in refusal(capsys, "up", option)
    url = f"mqtt://me:{SECRET}@127.0.0.1"
    collector = refusal(capsys, "collector", "--http-token")
    assert "--http-token-file" not in collector  # the collector does not accept that either
    assert "--mqtt-url contains a password, and other users" in refusal(
        capsys, "up", "--mqtt-url", url
    )


def test_a_misspelt_variable_is_reported(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYSTEM_MONITOR_HTTP_PROT", "1")
    assert "did you mean SYSTEM_MONITOR_HTTP_PORT?" in refusal(capsys, "up")


def test_the_installed_command_reports_an_error_without_a_traceback(tmp_path: Path) -> None:
    end = finished(tmp_path, "up", SYSTEM_MONITOR_HTTP_PORT="web")
    assert (end.returncode, end.stdout) == (2, "")
    assert end.stderr == (
        "system-monitor: http_port='web' (from SYSTEM_MONITOR_HTTP_PORT) is not valid: "
        "it must be a whole number from 1 to 65535.\n"
    )


def test_a_reader_that_closes_the_pipe_is_not_an_error(tmp_path: Path) -> None:
    with subprocess.Popen(
        [COMMAND, "--help"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(tmp_path),
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
@pytest.mark.parametrize(
    "arguments", [["completion", "bash"], ["--help"], ["--version"], ["check"]], ids=" ".join
)
def test_output_that_cannot_be_written_is_one_sentence_and_exit_code_1(
    tmp_path: Path, arguments: list[str]
) -> None:
    with Path("/dev/full").open("w") as full:
        end = subprocess.run(
            [COMMAND, *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(tmp_path),
            check=False,
        )
    assert end.returncode == 1
    assert end.stderr == (
        "system-monitor: Cannot write to standard output (No space left on device): "
        "the output is incomplete.\n"
    )
