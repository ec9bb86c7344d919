"""Other accounts of the machine cannot read the history."""

import os
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.telemetry.history.conftest import MovableClock, SqliteStore
from tests.telemetry.history.samples import cpu

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")


@pytest.fixture(autouse=True)
def _everything_is_allowed_by_default() -> Iterator[None]:
    previous = os.umask(0)
    yield
    os.umask(previous)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def modes(folder: Path) -> dict[str, int]:
    return {each.name: mode(each) for each in folder.iterdir()}


def test_the_folder_the_file_and_its_journal_are_private(
    sqlite_store: SqliteStore, clock: MovableClock
) -> None:
    path = sqlite_store.path
    with closing(sqlite_store.new_writer()) as writer:
        writer.open()
        writer.write([cpu(clock())])
        assert mode(path.parent) == 0o700
        names = [f"{path.name}{suffix}" for suffix in ("", "-wal", "-shm")]
        assert modes(path.parent) == dict.fromkeys(names, 0o600)


def test_files_of_an_earlier_version_become_private_in_a_folder_that_stays_as_it_is(
    sqlite_store: SqliteStore, clock: MovableClock
) -> None:
    path = sqlite_store.path
    path.parent.mkdir()
    (path.parent / "notes").touch()
    with closing(sqlite_store.new_writer()) as earlier, closing(sqlite_store.new_writer()) as later:
        earlier.open()
        earlier.write([cpu(clock())])
        path.with_name(f"{path.name}.corrupt-1").touch()
        for each in path.parent.iterdir():
            each.chmod(0o644)
        later.open()
        later.write([cpu(clock() - 1)])
        earlier.write([cpu(clock() - 2)])
        found = modes(path.parent)
    assert found.pop("notes") == 0o644
    assert set(found.values()) == {0o600}
    assert mode(path.parent) == 0o777


def test_files_whose_permissions_cannot_be_changed_are_used(
    sqlite_store: SqliteStore, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite_store.new_writer()) as writer:
        writer.open()
    sqlite_store.path.chmod(0o666)

    def refuse(_path: Path, _mode: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    with closing(sqlite_store.new_writer()) as writer:
        writer.open()
        writer.write([cpu(clock())])
