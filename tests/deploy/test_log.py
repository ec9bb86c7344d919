import json
import logging
from pathlib import Path

import pytest

from deploy.console import say
from deploy.log import JsonLines, PlainLines
from tests.deploy.monitor import finished


def line(text: str, seconds: float) -> logging.LogRecord:
    record = logging.LogRecord("any", logging.WARNING, "", 0, "%s", (text,), None)
    record.created = seconds
    return record


def test_a_line_of_json_has_time_level_logger_and_message() -> None:
    record = line('a "broker"\nis gone — wait', 1_767_225_600.123)
    record.name = "telemetry.bus.connection"
    text = JsonLines().format(record)
    assert "\n" not in text
    assert json.loads(text) == {
        "time": "2026-01-01T00:00:00.123+00:00",
        "level": "warning",
        "logger": "telemetry.bus.connection",
        "message": 'a "broker"\nis gone — wait',
    }


HOSTILE = "sda\n12:00:00 INFO fine\x1b[2J\x9b1m\u202eend\x7f"
ESCAPED = r"sda\u000a12:00:00 INFO fine\u001b[2J\u009b1m\u202eend\u007f"


@pytest.mark.parametrize("lines", [PlainLines(), JsonLines()], ids=["plain", "json"])
def test_a_name_cannot_forge_a_line_or_command_the_terminal(lines: logging.Formatter) -> None:
    text = lines.format(line(HOSTILE, 0))
    assert ESCAPED in text.replace(r"\n", r"\u000a")
    assert text.isprintable()


def test_what_is_shown_cannot_command_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    say(f"first\n{HOSTILE}")
    first, *rest = capsys.readouterr().out.splitlines()
    assert first == "first"
    assert all(text.isprintable() for text in rest)


def test_a_traceback_stays_on_the_line_of_its_message() -> None:
    error = OSError("no space")
    record = logging.LogRecord(
        "any", logging.ERROR, "", 0, "it failed", (), (OSError, error, error.__traceback__)
    )
    assert "OSError: no space" in json.loads(JsonLines().format(record))["traceback"]


def test_the_format_is_a_setting(tmp_path: Path) -> None:
    ignored = {"SYSTEM_MONITOR_WHATEVER_ELSE": "1"}
    ended = finished(tmp_path, "check", "--log-format", "json", **ignored)
    messages = [json.loads(text)["message"] for text in ended.stderr.splitlines()]
    assert any("SYSTEM_MONITOR_WHATEVER_ELSE" in message for message in messages), messages
