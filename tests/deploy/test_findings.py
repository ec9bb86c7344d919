"""`system-monitor findings FILE`."""

import json
from pathlib import Path
from typing import Any

import pytest

from deploy import command
from tests.advisor.series import GB, HOURS, every

pytestmark = pytest.mark.usefixtures("own_settings")


def memory(time: float) -> dict[str, Any]:
    """Return RAM that leaks for three hours, and is then released."""
    used = 60 * GB + (time / HOURS * 40 * GB if time < 3 * HOURS else 0)
    return {"ram_used": int(used), "ram_total": 256 * GB, "swap_used": 0, "swap_total": 0}


def recorded(file: Path, prefix: str = "", more: bytes = b"") -> str:
    samples = every("system/memory", memory, until=4 * HOURS)
    lines = [f"{prefix}{sample.channel} ".encode() + sample.payload() for sample in samples]
    file.write_bytes(more + b"\n".join(lines))
    return str(file)


def found(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert command.run(["findings", *arguments]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_each_beginning_and_end_is_a_line_of_json(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    begin, end = found(capsys, recorded(tmp_path / "night.txt"))
    assert begin.keys() == {
        *("timestamp", "state", "host", "kind", "subject", "severity", "summary", "expected")
    }
    assert (begin["state"], begin["kind"], begin["subject"]) == ("active", "memory_growth", "host")
    assert begin["expected"]["earliest"] < begin["expected"]["latest"]
    assert (end["state"], end["expected"]) == ("over", None)


def test_the_topics_may_have_a_prefix(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = recorded(tmp_path / "night.txt", "fleet/gpu-07/")
    assert len(found(capsys, file, "--topic-prefix", "fleet/{host}")) == 2
    assert command.run(["findings", file]) == 1
    assert "contains no samples" in capsys.readouterr().err


def test_a_kind_can_be_disabled_and_a_threshold_changed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = recorded(tmp_path / "night.txt")
    assert not found(capsys, file, "--disabled-findings", "memory_growth")
    begin, _ = found(capsys, file, "--finding-thresholds", "memory_growth.critical=600")
    assert begin["severity"] == "critical"


def test_lines_that_are_not_valid_are_counted_in_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = recorded(tmp_path / "night.txt", more=b"hello\nsystem/memory {}\n\xff\xfe \x1b[2J\n")
    assert command.run(["findings", file]) == 0
    output, errors = capsys.readouterr()
    assert len(output.splitlines()) == 2
    assert errors.count("\n") == 1
    assert f"Lines of {file} that were skipped because they are not valid: 3 of 1,443 (" in errors
    assert "the first is line 1: not `topic payload`: 'hello'" in errors


@pytest.mark.parametrize("content", [b"", b"\x7fELF\x00\x01" * 1000, b"{}", b"x" * 10**6])
def test_a_file_without_samples_is_an_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "wrong"
    file.write_bytes(content)
    assert command.run(["findings", str(file)]) == 1
    errors = capsys.readouterr().err
    assert f"{file} contains no samples: each line of a recording has the form" in errors


def test_a_file_that_cannot_be_read_is_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for file in (tmp_path / "nowhere", tmp_path):
        assert command.run(["findings", str(file)]) == 1
        errors = capsys.readouterr().err
        assert errors.startswith(f"system-monitor: Cannot read {file}: ")
        assert errors.count("\n") == 1
