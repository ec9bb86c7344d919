import logging

import pytest

from telemetry.log_limit import RateLimitedLog

log = logging.getLogger(__name__)


def test_of_many_lines_the_first_of_each_minute_is_written(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = RateLimitedLog(log, logging.ERROR)
    for second in range(150):
        monkeypatch.setattr("time.monotonic", lambda now=second: 1000.0 + now)
        limited.write("%d so far.", second)
    assert caplog.messages == ["0 so far.", "60 so far.", "120 so far."]
    assert {record.levelname for record in caplog.records} == {"ERROR"}
    assert {record.name for record in caplog.records} == {__name__}


def test_each_limit_is_independent(caplog: pytest.LogCaptureFixture) -> None:
    for name in ("one", "two"):
        RateLimitedLog(log).write("%s", name)
    assert caplog.messages == ["one", "two"]
