import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.data_folder import DataFolder, _lock
from telemetry.errors import SettingsError
from tests.deploy.monitor import COMMAND, finished, free_ports, running
from tests.services.accounts import forbid, subject_to_permissions
from tests.services.processes import wait_until


def test_a_second_process_is_refused_and_its_error_names_the_first(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    folder.start()
    program = (
        "import sys; from pathlib import Path; from deploy.data_folder import DataFolder;"
        "DataFolder(Path(sys.argv[1])).start()"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "data")]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert f"in use by another System Monitor (process {os.getpid()})" in refused.stderr
    folder.stop()
    subprocess.run(command, check=True)


def test_the_lock_of_another_program_is_not_blamed_on_an_ended_process(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    lock = tmp_path / "lock"
    lock.write_text(f"{ended.pid}\n")
    folder = DataFolder(tmp_path)
    with lock.open("r+") as other:
        _lock(other.fileno())
        with pytest.raises(SettingsError, match="locked by another program: end the program that"):
            folder.start()
    folder.start()
    folder.stop()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_other_accounts_cannot_open_the_lock(tmp_path: Path) -> None:
    earlier = tmp_path / "earlier"
    earlier.mkdir()
    earlier.chmod(0o755)
    (earlier / "lock").touch()
    (earlier / "lock").chmod(0o644)
    for path, permissions in ((earlier, 0o755), (tmp_path / "new", 0o700)):
        folder = DataFolder(path)
        folder.start()
        folder.stop()
        assert path.stat().st_mode & 0o777 == permissions
        assert (path / "lock").stat().st_mode & 0o777 == 0o600


def test_it_is_free_again_after_stop(tmp_path: Path) -> None:
    first, second = DataFolder(tmp_path), DataFolder(tmp_path)
    first.start()
    with pytest.raises(SettingsError, match="in use"):
        second.start()
    first.stop()
    first.stop()
    second.start()
    second.stop()


@pytest.mark.parametrize("below", ["", "below"])
def test_a_file_in_its_place_is_refused(tmp_path: Path, below: str) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(SettingsError, match="is a file, not a folder"):
        DataFolder(file / below).start()


def test_a_folder_that_cannot_be_created_yet_is_not_an_error(tmp_path: Path) -> None:
    (tmp_path / "disk").symlink_to(tmp_path / "not" / "mounted")
    folder = DataFolder(tmp_path / "disk")
    folder.start()
    folder.stop()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_below_a_folder_that_may_not_be_entered_only_the_history_stops(tmp_path: Path) -> None:
    data = forbid(tmp_path / "private") / "data"
    options = [*free_ports(), "--data-dir", str(data), "--interval-seconds", "0.2"]
    command = (*subject_to_permissions(), COMMAND)
    sentence = f"{data / 'history.sqlite3'} cannot be accessed: Permission denied."
    checked = finished(tmp_path, "check", *options, command=command)
    assert f"PROBLEM: {data} cannot be accessed: Permission denied." in checked.stdout
    assert (checked.stderr, checked.returncode) == ("", 1)
    with running(tmp_path, "up", *options, command=command) as monitor:
        status, ready = monitor.answer("/readyz")
        assert status == 503
        assert sentence in ready["error"]["message"]
        assert monitor.get("/hosts")["history_error"] == f"The history file {sentence}"
        assert monitor.answer("/api/v1/system/history")[0] == 503
        wait_until(lambda: monitor.answer("/api/v1/system/metrics")[0] == 200, "live values")
        wait_until(lambda: monitor.stderr.count(sentence) == 1, "it is logged")
        assert "Traceback" not in monitor.stderr
