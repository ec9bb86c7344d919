import subprocess
from pathlib import Path

import pytest

from collector.sensors import files
from collector.sensors.files import KernelFile, read_file


@pytest.mark.parametrize("size", [0, 1, 7, 8, 20])
def test_a_file_is_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(files, "_CHUNK_BYTES", 8)
    file = tmp_path / "file"
    file.write_bytes(bytes(range(size)))
    assert read_file(file) == bytes(range(size))


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "missing")


def test_a_file_that_stays_open_is_read_from_its_beginning_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_CHUNK_BYTES", 8)
    path = tmp_path / "file"
    file = KernelFile(path)
    for contents in (b"the first contents", b"shorter", b""):
        path.write_bytes(contents)
        assert file.read() == contents
    file.close()


def test_a_file_that_appears_later_is_read(tmp_path: Path) -> None:
    file = KernelFile(tmp_path / "file")
    with pytest.raises(FileNotFoundError):
        file.read()
    (tmp_path / "file").write_bytes(b"now")
    assert file.read() == b"now"
    file.close()


def test_a_file_that_has_become_empty_is_opened_again(tmp_path: Path) -> None:
    before, after, link = tmp_path / "before", tmp_path / "after", tmp_path / "link"
    before.write_bytes(b"contents")
    after.write_bytes(b"longer contents")
    link.symlink_to(before)
    file = KernelFile(link)
    assert file.read() == b"contents"
    before.write_bytes(b"")
    link.unlink()
    link.symlink_to(after)
    assert file.read() == b"longer contents"
    file.close()


def test_a_file_is_opened_again_if_it_can_no_longer_be_read(tmp_path: Path) -> None:
    link = tmp_path / "stat"
    file = KernelFile(link)
    with subprocess.Popen(["sleep", "60"]) as process:
        link.symlink_to(f"/proc/{process.pid}/stat")
        assert b"(sleep)" in file.read()
        process.kill()
    link.unlink()
    link.symlink_to("/proc/self/stat")
    assert b"(sleep)" not in file.read()
    file.close()
