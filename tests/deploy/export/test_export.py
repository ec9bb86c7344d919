"""`system-monitor export`."""

import json
import socket
import socketserver
import subprocess
import sys
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from pathlib import Path

import pandas as pd
import pytest
from arro3.io import read_parquet
from urllib3 import Timeout

from deploy import command
from telemetry.bus.connection import BusConnection
from telemetry.clock import unix_milliseconds
from telemetry.samples import Sample
from tests.api.running import CPU, GPU, RunningApi, running_api
from tests.deploy.monitor import COMMAND, environment
from tests.services.in_thread import served
from tests.services.processes import free_port

pytestmark = pytest.mark.usefixtures("own_settings")
TOKEN = "0123456789abcdef"  # noqa: S105 - of a test server
TICKS = 1500


def ticks() -> list[Sample]:
    """Return 50 minutes of two sensors; a request for the whole time would be aggregated."""
    newest = unix_milliseconds() - 2000
    pairs = (
        (
            Sample("system/cpu", "alpha", time, {**CPU, "utilization": index / 4}),
            Sample("system/gpu/0", "alpha", time + index % 7, {**GPU, "power": 100.0 + index}),
        )
        for index in range(TICKS)
        for time in [newest - 2000 * (TICKS - 1 - index)]
    )
    return list(chain.from_iterable(pairs))


@pytest.fixture(scope="module")
def api(
    shared_bus: BusConnection, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningApi]:
    """Run an API with a token, and 50 minutes of history."""
    folder = tmp_path_factory.mktemp("export")
    with running_api(shared_bus, folder, connected=False, http_token=TOKEN) as running:
        running.store(*ticks())
        yield running


@pytest.fixture
def asked(api: RunningApi, tmp_path: Path) -> list[str]:
    """Return the arguments that name the server and its token."""
    file = tmp_path / "token"
    file.write_text(TOKEN)
    return [
        "export",
        "--url",
        f"http://127.0.0.1:{api.server.port}",
        "--http-token-file",
        str(file),
    ]


def test_every_sample_of_a_span_is_in_the_table(asked: Sequence[str], tmp_path: Path) -> None:
    file = tmp_path / "hour.csv"
    assert command.run([*asked, "--output", str(file)]) == 0
    data = pd.read_csv(file, index_col="time", parse_dates=True)
    assert len(data) == TICKS
    assert data.index.is_monotonic_increasing
    expected = [index / 4 for index in range(TICKS)]
    assert list(data["system/cpu.utilization"]) == expected
    assert list(data["system/gpu/0.power"] - 100) == list(range(TICKS))
    assert b"\r" not in file.read_bytes()


def test_json_lines_have_the_time_and_the_known_values(
    asked: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--format", "jsonl", "--fields", "power,utilization", "--channel", "system/gpu/+"]
    assert command.run([*asked, *options, "--start", "1m"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert 25 <= len(lines) <= 30
    assert lines[-1].keys() == {"time", "system/gpu/0.power", "system/gpu/0.utilization"}
    assert lines[-1]["system/gpu/0.power"] == 100.0 + TICKS - 1


def test_a_parquet_file_has_every_sample_of_a_span(asked: Sequence[str], tmp_path: Path) -> None:
    file = tmp_path / "hour.parquet"
    assert command.run([*asked, "--format", "parquet", "--output", str(file)]) == 0
    table = read_parquet(str(file)).read_all()
    assert table.num_rows == TICKS
    assert table.column("system/gpu/0.power").to_pylist() == [100.0 + i for i in range(TICKS)]


def test_a_parquet_file_is_not_printed(
    asked: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = failed([*asked, "--format", "parquet"], capsys)
    assert sentence == "Parquet cannot go to standard output: name a file with --output."


def test_without_arro3_one_sentence_explains_how_to_install_it(
    asked: Sequence[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "deploy.export.parquet", raising=False)
    monkeypatch.setitem(sys.modules, "arro3.core", None)
    sentence = failed([*asked, "--format", "parquet", "--output", "x.parquet"], capsys)
    assert "install it with `pip install 'system-monitor[parquet]'`" in sentence
    assert not Path("x.parquet").exists()


def test_the_server_of_this_machine_is_the_default(
    api: RunningApi, asked: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["export", *asked[3:], "--http-port", str(api.server.port), "--start", "5m"]
    assert command.run(arguments) == 0
    assert capsys.readouterr().out.startswith("time,system/cpu.utilization,")


def failed(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Return the sentence with which a command fails."""
    assert command.run(arguments) == 1
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.startswith("system-monitor: ")
    assert errors.count("\n") == 1
    return errors.removeprefix("system-monitor: ").rstrip("\n")


def test_a_server_that_does_not_run_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert failed(["export", "--url", url], capsys) == (
        f"No System Monitor answers at {url}: start it with `system-monitor up`, or choose another "
        "address with --url."
    )


def test_a_missing_token_is_one_sentence(
    api: RunningApi, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = failed(["export", "--url", f"http://127.0.0.1:{api.server.port}"], capsys)
    assert sentence.endswith("set --http-token-file to the file's path.")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--start", "soon"], "start='soon' is not allowed: it must be ISO 8601"),
        (["--fields", "powr"], "fields='powr' is not allowed: no channel with a history has"),
        (["--host", "beta"], "Host 'beta' is not known; known hosts: 'alpha'."),
        (["--channel", "system/fan"], "channel='system/fan' is not allowed: the channels with"),
        (
            ["--start", "10m", "--end", "20m"],
            "end='-20m' is not allowed: it must be later than start='-10m'.",
        ),
        (["--start", "2h", "--end", "1h"], "The history has no matching data: check --st"),
        (["--output", "/nowhere/x.csv"], "Cannot write /nowhere/x.csv: No such file or dire"),
        (
            ["--output", "/dev/full", "--format", "parquet"],
            "Cannot write /dev/full: No space left on device.",
        ),
    ],
)
def test_an_export_that_fails_is_reported_in_one_sentence(
    asked: Sequence[str], capsys: pytest.CaptureFixture[str], options: list[str], expected: str
) -> None:
    assert expected in failed([*asked, *options], capsys)


@pytest.mark.parametrize("url", ["monitor.lan", "http://u:p@monitor.lan", "http://a/b", "ftp://a"])
def test_a_wrong_address_is_rejected_without_being_repeated(
    capsys: pytest.CaptureFixture[str], url: str
) -> None:
    assert command.run(["export", "--url", url]) == 2
    errors = capsys.readouterr().err
    assert "--url: the URL must look like http://host:8000" in errors
    assert url not in errors


class _OtherServer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        page = self.path.startswith("/api")
        self.send_response(200 if page else 302)
        self.end_headers()
        self.wfile.write(b"<html>a router</html>")

    def log_message(self, *_arguments: object) -> None:
        """Print nothing."""


@pytest.fixture
def router() -> Iterator[str]:
    """Run a server that is not a System Monitor; return its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _OtherServer)
    with served(server):
        yield f"127.0.0.1:{server.server_port}"


def test_a_server_that_is_not_ours_is_one_sentence(
    capsys: pytest.CaptureFixture[str], router: str
) -> None:
    expected = f"The server at http://{router} is not a System Monitor: check --url."
    assert failed(["export", "--url", f"http://{router}"], capsys) == expected


@pytest.mark.parametrize("answer", [b"", b"\x20\x02\x00\x05"])
def test_a_server_that_does_not_speak_http_is_one_sentence(
    capsys: pytest.CaptureFixture[str], answer: bytes
) -> None:
    class Broker(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(4096)
            self.request.sendall(answer)

    server = socketserver.TCPServer(("127.0.0.1", 0), Broker)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    with served(server):
        expected = (
            f"The server at {url} did not send a valid HTTP response: check that --url names a "
            "System Monitor."
        )
        assert failed(["export", "--url", url], capsys) == expected


def test_a_server_that_does_not_answer_is_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.export.server._TIMEOUT", Timeout(0.2))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        expected = f"The server at {url} did not answer in time: try again later, or check --url."
        assert failed(["export", "--url", url], capsys) == expected


def test_a_server_without_tls_is_one_sentence(
    capsys: pytest.CaptureFixture[str], router: str
) -> None:
    url = f"https://{router}"
    expected = f"Cannot open a TLS connection to {url} (wrong version number): check --url."
    assert failed(["export", "--url", url], capsys) == expected


def test_a_reader_that_closes_the_pipe_ends_the_export_without_an_error(
    asked: Sequence[str], tmp_path: Path
) -> None:
    arguments = " ".join([COMMAND, *asked])
    end = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{arguments} | head -n 2"],
        capture_output=True,
        text=True,
        env=environment(tmp_path),
        timeout=60,
        check=False,
    )
    assert (end.returncode, end.stderr) == (0, "")
    assert end.stdout.count("\n") == 2
