import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from deploy import command
from deploy.embedded_broker import EmbeddedBroker
from tests.deploy.monitor import finished, free_ports
from tests.services.influxdb import Influxdb
from tests.services.influxdb_tokens import administrator
from tests.services.processes import free_port

SECRET = "correct-horse"  # noqa: S105 - must not appear in the output


@pytest.fixture(autouse=True)
def _signals_and_settings_are_restored(own_settings: Path) -> None:
    assert own_settings.is_dir()


def check(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, str]]:
    """Return the exit code, and the printed values by label."""
    code = command.run(["check", *free_ports(), *options])
    lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    return code, {line[0]: line[1] for line in lines if len(line) == 2}


def test_an_option_overrides_the_environment_which_overrides_the_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, own_settings: Path
) -> None:
    file = own_settings / "settings.toml"
    file.write_text('host_name = "file"\nhistory_hours = 2\ninterval_seconds = 3\n')
    monkeypatch.setenv("SYSTEM_MONITOR_HISTORY_HOURS", "4")
    monkeypatch.setenv("SYSTEM_MONITOR_INTERVAL_SECONDS", "5")
    code, shown = check(capsys, "--config", str(file), "--interval-seconds", "6")
    assert code == 0
    assert shown["host_name"] == "file"
    assert (shown["history_hours"], shown["interval_seconds"]) == ("4.0", "6.0")
    assert str(file) in shown["Settings"]


def test_secrets_are_masked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYSTEM_MONITOR_MQTT_URL", f"mqtt://me:{SECRET}@127.0.0.1:{free_port()}")
    monkeypatch.setenv("SYSTEM_MONITOR_INFLUXDB_TOKEN", SECRET)
    code, shown = check(
        capsys, "--influxdb-url", f"http://127.0.0.1:{free_port()}", "--influxdb-org", "lab"
    )
    assert code == 1
    assert SECRET not in str(shown)
    assert shown["influxdb_token"] == "********"  # noqa: S105 - the mask
    assert shown["mqtt_url"].startswith("mqtt://me:********@127.0.0.1:")


def test_a_history_file_of_another_program_is_a_problem(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "history.sqlite3")) as connection:
        connection.execute("CREATE TABLE notes (text)")
    code, shown = check(capsys, "--data-dir", str(tmp_path))
    assert code == 1
    assert "is another program's database: move it away" in shown["History"]


def test_each_sensor_reports_what_it_finds(capsys: pytest.CaptureFixture[str]) -> None:
    _, shown = check(capsys)
    assert {"gpu", "cpu", "memory", "disk", "network"} <= shown.keys()
    assert "core" in shown["cpu"]


def test_notices_are_off_unless_a_setting_names_where_to_send_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, shown = check(capsys)
    assert shown["Notices"] == "off, because neither notify_urls nor notify_command is set"
    _, shown = check(capsys, "--notify-command", "true")
    assert shown["Notices"].startswith("to ")


def test_a_disabled_sensor_is_off_and_not_opened(capsys: pytest.CaptureFixture[str]) -> None:
    _, shown = check(capsys, "--disabled-sensors", "gpu,disk")
    assert shown["gpu"] == shown["disk"] == "off (setting disabled_sensors)"
    assert "core" in shown["cpu"]


def test_an_occupied_port_is_a_problem(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        for label, option in (("API", "--http-port"), ("MQTT", "--mqtt-port")):
            code, shown = check(capsys, option, port)
            assert code == 1
            assert shown[label].startswith("PROBLEM: Cannot listen on")


def test_an_external_broker_that_answers_is_ok(
    capsys: pytest.CaptureFixture[str], broker: EmbeddedBroker
) -> None:
    code, shown = check(capsys, "--mqtt-url", f"mqtt://127.0.0.1:{broker.port}")
    assert code == 0
    assert "accepts connections" in shown["MQTT"]


def test_an_external_broker_that_does_not_answer_is_a_problem(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, shown = check(capsys, "--mqtt-url", f"mqtt://127.0.0.1:{free_port()}")
    assert code == 1
    assert shown["MQTT"].startswith("PROBLEM: The broker at mqtt://127.0.0.1:")


def test_a_data_folder_below_a_file_is_a_problem(
    capsys: pytest.CaptureFixture[str], own_settings: Path
) -> None:
    (own_settings / "file").touch()
    code, shown = check(capsys, "--data-dir", str(own_settings / "file" / "below"))
    assert code == 1
    assert shown["History"].startswith("PROBLEM: ")


def test_an_influxdb_is_queried_and_nothing_is_created_in_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, influxdb: Influxdb
) -> None:
    options = ["--influxdb-url", influxdb.url, "--influxdb-org", influxdb.org]
    monkeypatch.setenv("SYSTEM_MONITOR_INFLUXDB_TOKEN", influxdb.token)
    bucket = influxdb.new_bucket()
    outcomes = [check(capsys, *options, "--influxdb-bucket", bucket)[1] for _ in range(2)]
    assert outcomes[0]["History"] == outcomes[1]["History"]
    monkeypatch.setenv("SYSTEM_MONITOR_INFLUXDB_TOKEN", "wrong")
    code, shown = check(capsys, *options)
    assert code == 1
    assert shown["History"].startswith("PROBLEM: ")


def test_a_foreign_bucket_that_keeps_too_little_is_a_problem(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, influxdb: Influxdb
) -> None:
    bucket = influxdb.new_bucket()
    with administrator(influxdb) as client:
        rules = [{"type": "expire", "everySeconds": 3600}]
        client.buckets_api().create_bucket(bucket_name=bucket, retention_rules=rules)
    options = ["--influxdb-url", influxdb.url, "--influxdb-org", influxdb.org]
    monkeypatch.setenv("SYSTEM_MONITOR_INFLUXDB_TOKEN", influxdb.token)
    code, shown = check(capsys, *options, "--influxdb-bucket", bucket, "--history-hours", "24")
    assert code == 1
    assert shown["History"].startswith(f"PROBLEM: The bucket '{bucket}' in InfluxDB")
    assert "System Monitor did not create this bucket" in shown["History"]


def test_it_starts_nothing_and_leaves_nothing_behind(tmp_path: Path) -> None:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    end = finished(tmp_path, "check", *free_ports(), TMPDIR=str(tmp_path))
    assert (end.returncode, end.stderr) == (0, "")
    assert {child.pid for child in psutil.Process().children(recursive=True)} == before
    assert list(tmp_path.iterdir()) == []
