"""The recordings on disk."""

import os
import stat
from pathlib import Path

import pytest

from api.recordings.folder import RecordingFolder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "recordings"


def save(folder: RecordingFolder, *runs: str, size: int = 10) -> None:
    """Save a recording of each of ``runs``, each a second after the other."""
    for number, run in enumerate(runs):
        folder.save("h", run, [b"x" * size])
        known = folder.find(run, "h")
        assert known is not None
        os.utime(known, (10**9 + number, 10**9 + number))


def runs(path: Path) -> list[str]:
    return sorted(each.name.partition("@")[0] for each in path.iterdir())


def test_a_recording_is_found_by_its_run_and_its_host(path: Path) -> None:
    folder = RecordingFolder(path)
    assert folder.find("r", None) is None
    folder.save("a/b \n é", "r", [b"1\n", b"2\n"])
    found = folder.find("r", None)
    assert found is not None
    assert found == folder.find("r", "a/b \n é")
    assert found.read_bytes() == b"1\n2\n"
    assert folder.find("r", "other") is None
    assert folder.find("r2", None) is None


def test_other_accounts_cannot_read_it(path: Path) -> None:
    RecordingFolder(path).save("h", "r", [b"x"])
    (file,) = path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent)] == [0o700] * 2


def test_a_later_recording_of_a_run_replaces_the_earlier_one(path: Path) -> None:
    save(RecordingFolder(path), "r", "r")
    assert runs(path) == ["r"]


def test_the_oldest_files_are_evicted_beyond_the_number(path: Path) -> None:
    save(RecordingFolder(path, max_files=3), "a", "b", "c", "d", "e")
    assert runs(path) == ["c", "d", "e"]


def test_the_oldest_files_are_evicted_beyond_the_bytes_and_never_the_newest(path: Path) -> None:
    folder = RecordingFolder(path, max_bytes=35)
    save(folder, "a", "b", "c", "d")
    assert runs(path) == ["b", "c", "d"]
    folder.save("h", "big", [b"x" * 100])
    assert runs(path) == ["big"]


def test_what_a_killed_process_left_is_replaced(path: Path) -> None:
    folder = RecordingFolder(path)
    folder.save("h", "r", [b"old"])
    (file,) = path.iterdir()
    file.with_suffix(".new").write_bytes(b"incompl")
    folder.save("h", "r", [b"new"])
    assert [each.read_bytes() for each in path.iterdir()] == [b"new"]
