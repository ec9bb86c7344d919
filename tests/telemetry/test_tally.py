"""Rejections are counted by each part, and logged once."""

import pytest

from telemetry.errors import MalformedMessageError
from telemetry.tally import Tally

WHAT = "Message of this test is not valid"


def test_parts_that_reject_the_same_message_log_it_once_and_each_counts_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    parts = Tally(WHAT), Tally(WHAT)
    for part in parts:
        part.note(MalformedMessageError("not JSON", "system/cpu"))
    expected = f"{WHAT} (not JSON: system/cpu); 1 so far."
    assert [each.getMessage() for each in caplog.records] == [expected]
    assert [part.by_reason for part in parts] == [{"not JSON": 1}] * 2


def test_other_sentences_and_later_parts_have_a_limit_of_their_own(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for what in (WHAT, "Another sentence", WHAT):
        Tally(what).note(MalformedMessageError("not JSON", "system/cpu"))
    assert len(caplog.records) == 3
