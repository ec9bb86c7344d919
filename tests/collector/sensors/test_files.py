from pathlib import Path

import pytest

from collector.sensors import files
from collector.sensors.files import read_file


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
