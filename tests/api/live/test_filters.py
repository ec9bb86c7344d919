import pytest

from api.errors import InvalidParameterError
from api.live.filters import MAX_FILTERS, is_concrete, matches_any, validated_filters


@pytest.mark.parametrize(
    ("channel_filter", "channel", "expected"),
    [
        ("system/#", "system/gpu/0", True),
        ("#", "system/cpu", True),
        ("system/gpu/+", "system/gpu/3", True),
        ("system/gpu/+", "system/gpu", False),
        ("+/cpu", "system/cpu", True),
        ("system/cpu", "system/cpu", True),
        ("system/cp", "system/cpu", False),
    ],
)
def test_wildcards_match_as_in_mqtt(channel_filter: str, channel: str, expected: bool) -> None:  # noqa: FBT001 - a table's column
    assert matches_any(validated_filters("channels", [channel_filter]), channel) is expected


@pytest.mark.parametrize(
    "bad",
    ["", "system/#/cpu", "system/cpu#", "system/c+", "##", "a\x00b", "\ud800", "x" * 257, 7, None],
)
def test_an_invalid_filter_is_refused(bad: object) -> None:
    with pytest.raises(InvalidParameterError, match=r"^channels="):
        validated_filters("channels", ["system/cpu", bad])


def test_repeated_filters_count_once() -> None:
    assert validated_filters("channels", ["a", "b", "a"]) == ("a", "b")


def test_more_filters_than_allowed_are_refused() -> None:
    filters = [f"system/gpu/{index}" for index in range(MAX_FILTERS + 1)]
    assert len(validated_filters("channels", filters[:-1])) == MAX_FILTERS
    with pytest.raises(InvalidParameterError, match=f"at most {MAX_FILTERS}"):
        validated_filters("channels", filters)


def test_only_a_filter_without_wildcards_is_concrete() -> None:
    assert is_concrete("system/cpu")
    assert not is_concrete("system/gpu/+")
    assert not is_concrete("system/#")
