import itertools

import pytest

from api.serving.access.sessions import SESSION_SECONDS, Sessions

TOKEN = "correct-horse-battery"  # noqa: S105 - of these tests


def test_each_session_has_its_own_value_which_does_not_contain_the_token() -> None:
    sessions = Sessions(TOKEN)
    values = {sessions.begin() for _ in range(20)}
    assert len(values) == 20
    assert all(sessions.is_valid(each) for each in values)
    assert TOKEN not in "".join(values)


def test_a_changed_value_is_invalid() -> None:
    sessions = Sessions(TOKEN)
    value = sessions.begin()
    for position, replacement in itertools.product(range(0, len(value), 5), "0x."):
        changed = value[:position] + replacement + value[position + 1 :]
        assert sessions.is_valid(changed) == (changed == value)


@pytest.mark.parametrize(
    "value", ["", ".", "..", "a", "1.2.3", "9999999999.x.", "é.é.é", "0" * 9000]
)
def test_a_made_up_value_is_invalid(value: str) -> None:
    assert not Sessions(TOKEN).is_valid(value)


def test_a_session_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = Sessions(TOKEN)
    monkeypatch.setattr("time.time", lambda: 1000.0)
    value = sessions.begin()
    monkeypatch.setattr("time.time", lambda: 999.0 + SESSION_SECONDS)
    assert sessions.is_valid(value)
    monkeypatch.setattr("time.time", lambda: 1001.0 + SESSION_SECONDS)
    assert not sessions.is_valid(value)


def test_the_memory_of_ended_sessions_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.serving.access.sessions._MOST_ENDED", 3)
    sessions = Sessions(TOKEN)
    values = [sessions.begin() for _ in range(5)]
    for value in values:
        sessions.end(value)
        sessions.end(f"{value}0")
    assert [sessions.is_valid(each) for each in values] == [True, True, False, False, False]
