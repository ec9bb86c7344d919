import logging

from deploy.log import WithoutEcho


def line(text: str, seconds: float) -> logging.LogRecord:
    record = logging.LogRecord("any", logging.WARNING, "", 0, "%s", (text,), None)
    record.created = seconds
    return record


def test_what_several_parts_say_at_once_is_logged_once() -> None:
    quiet = WithoutEcho()
    heard = [("gone", 0), ("gone", 0.1), ("other", 0.2), ("gone", 4), ("gone", 6)]
    shown = [(text, seconds) for text, seconds in heard if quiet.filter(line(text, seconds))]
    assert shown == [("gone", 0), ("other", 0.2), ("gone", 6)]
