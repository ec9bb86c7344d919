import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import InvalidParameterError
from api.rest.times import parse_time

NOW = 1_767_225_600_000  # 2026-01-01T00:00:00Z


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-90s", NOW - 90_000),
        ("-15m", NOW - 900_000),
        ("-1h", NOW - 3_600_000),
        ("-2d", NOW - 172_800_000),
        ("0", 0),
        ("1767225600123", NOW + 123),
        ("1767225600123.456", NOW + 123),
        ("1767225600", NOW),
        ("1767225600.5", NOW + 500),
        ("1767225600.123456789", NOW + 123),
        ("99999999999", 99_999_999_999_000),
        ("100000000000", 100_000_000_000),
        ("9" * 18, 10**18 - 1),
        ("2026-01-01T00:00:00Z", NOW),
        ("2026-01-01T00:00:00.5Z", NOW + 500),
        ("2026-01-01T02:00:00+02:00", NOW),
        ("2026-01-01", NOW),
    ],
)
def test_each_format_becomes_unix_milliseconds(text: str, expected: int) -> None:
    assert parse_time("start", text, NOW) == expected


def test_a_time_without_an_offset_is_utc() -> None:
    assert parse_time("start", "2026-01-01T00:00:00", NOW) == NOW


def test_a_utc_offset_whose_plus_became_a_space_is_accepted() -> None:
    assert parse_time("start", "2026-01-01T02:00:00 02:00", NOW) == NOW


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "-15",
        "-15M",
        "+15m",
        "-1.5h",
        "-9999999999s",
        "9" * 19,
        "1767225600.",
        ".5",
        "1.767e9",
        "1767225600,5",
        "٣",
        "2026-13-01",
        "2026-01-01\x00",
        "\ud800",
    ],
)
def test_anything_else_is_refused_with_the_parameter_name(text: str) -> None:
    with pytest.raises(InvalidParameterError, match=r"^end=.* is not allowed: it must be ISO 8601"):
        parse_time("end", text, NOW)


@given(st.integers(min_value=100_000_000_000, max_value=4_000_000_000_000))
def test_seconds_and_milliseconds_of_the_same_time_are_the_same(milliseconds: int) -> None:
    seconds = f"{milliseconds // 1000}.{milliseconds % 1000:03}"
    assert parse_time("start", seconds, NOW) == milliseconds
    assert parse_time("start", str(milliseconds), NOW) == milliseconds


@given(st.text())
def test_no_text_raises_any_other_error(text: str) -> None:
    with contextlib.suppress(InvalidParameterError):
        assert isinstance(parse_time("start", text, NOW), int)
