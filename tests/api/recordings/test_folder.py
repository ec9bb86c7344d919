"""The recordings on disk."""

import errno
import os
import stat
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from api.recordings.folder import RecordingFolder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "recordings"


TIMES = count(10**9)


def save(folder: RecordingFolder, *runs: str, size: int = 10, host: str = "h") -> None:
    """Save a recording of each of ``runs``, each a second after the other."""
    for run in runs:
        folder.save(host, run, [b"x" * size])
        (file,) = folder.find(run, host)
        time = next(TIMES)
        os.utime(file, (time, time))


def runs(path: Path) -> list[str]:
    return sorted(each.name.partition("@")[0] for each in path.iterdir())


def test_a_recording_is_found_by_its_run_and_its_host(path: Path) -> None:
    folder = RecordingFolder(path)
    assert folder.find("r", None) == []
    folder.save("a/b \n é", "r", [b"1\n", b"2\n"])
    (found,) = folder.find("r", None)
    assert folder.find("r", "a/b \n é") == [found]
    assert found.read_bytes() == b"1\n2\n"
    assert folder.find("r", "other") == folder.find("r2", None) == []
    folder.save("other", "r", [b"3\n"])
    assert len(folder.find("r", None)) == 2


def test_other_accounts_cannot_read_it(path: Path) -> None:
    RecordingFolder(path).save("h", "r", [b"x"])
    (file,) = path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent)] == [0o700] * 2


def test_a_later_recording_of_a_run_replaces_the_earlier_one(path: Path) -> None:
    save(RecordingFolder(path), "r", "r")
    assert runs(path) == ["r"]


def test_the_oldest_files_are_evicted_above_the_limit_of_files(path: Path) -> None:
    save(RecordingFolder(path, max_files=3), "a", "b", "c", "d", "e")
    assert runs(path) == ["c", "d", "e"]


def test_the_oldest_files_are_evicted_above_the_limit_of_bytes_but_never_the_newest(
    path: Path,
) -> None:
    folder = RecordingFolder(path, max_bytes=35)
    save(folder, "a", "b", "c", "d")
    assert runs(path) == ["b", "c", "d"]
    folder.save("h", "big", [b"x" * 100])
    assert runs(path) == ["big"]


def test_a_host_with_many_recordings_evicts_only_its_own(path: Path) -> None:
    folder = RecordingFolder(path, max_files=5, max_bytes=100)
    save(folder, "a", "b")
    save(folder, *map(str, range(10)), host="flood")
    assert runs(path) == ["7", "8", "9", "a", "b"]
    save(folder, "large", size=60, host="flood")
    save(folder, "c")
    assert runs(path) == ["8", "9", "b", "c", "large"]
    save(folder, "d", size=50, host="third")
    assert runs(path) == ["b", "c", "d"]


def test_what_a_killed_process_left_is_replaced(path: Path) -> None:
    folder = RecordingFolder(path)
    folder.save("h", "r", [b"old"])
    (file,) = path.iterdir()
    file.with_suffix(".new").write_bytes(b"incompl")
    folder.save("h", "r", [b"new"])
    assert [each.read_bytes() for each in path.iterdir()] == [b"new"]


def test_a_recording_that_cannot_be_written_leaves_nothing_behind(path: Path) -> None:
    folder = RecordingFolder(path)
    save(folder, "a")

    def lines() -> Iterator[bytes]:
        yield b"x" * 100_000
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        folder.save("h", "b", lines())
    assert runs(path) == ["a"]


def test_what_a_killed_process_had_not_finished_is_deleted(path: Path) -> None:
    folder = RecordingFolder(path)
    save(folder, "a")
    (path / "b@0123456789ab.new").write_bytes(b"x")
    save(folder, "c")
    assert runs(path) == ["a", "c"]
