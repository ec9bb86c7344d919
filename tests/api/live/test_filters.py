import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub

from api.errors import InvalidParameterError
from api.live.filters import (
    MAX_FILTERS,
    FilterTree,
    is_concrete,
    require_channels,
    select,
    validated_filters,
)


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
    matching = select(validated_filters("channels", [channel_filter]), [channel])
    assert matching == ((channel,) if expected else ())


# Servers of other tests use the random module in their threads meanwhile.
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module")

LEVELS = st.sampled_from(["system", "gpu", "0", "1", ""])
CHANNELS = st.lists(LEVELS, min_size=1, max_size=5).map("/".join)
FILTERS = st.builds(
    lambda levels, last: "/".join([*levels, *last]),
    st.lists(LEVELS | st.just("+"), min_size=1, max_size=5),
    st.sampled_from([(), ("#",)]),
) | st.just("#")


@given(st.sets(FILTERS), st.sets(FILTERS), CHANNELS)
@example({"sport/tennis/player1/#"}, set(), "sport/tennis/player1")  # of MQTT 3.1.1, section 4.7.1
@example({"sport/+", "sport/#", "+", "+/+", "/+"}, set(), "sport/")
@example({"+/+", "/+", "+"}, set(), "/finance")
def test_a_tree_matches_what_an_mqtt_client_matches(
    filters: set[str], removed: set[str], channel: str
) -> None:
    tree: FilterTree[str] = FilterTree()
    for each in filters | removed:
        tree.add(each, each)
    for each in removed:
        tree.discard(each, each)
    expected = {each for each in filters - removed if topic_matches_sub(each, channel)}
    assert set().union(*tree.matching(channel)) == expected


@given(st.sets(FILTERS))
def test_a_tree_whose_filters_are_removed_is_empty(filters: set[str]) -> None:
    tree: FilterTree[int] = FilterTree()
    for number in (1, 2):
        for each in filters:
            tree.add(each, number)
    for number in (2, 1):
        for each in filters:
            tree.discard(each, number)
    assert not tree.children


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


def test_twenty_thousand_different_filters_do_not_slow_a_match() -> None:
    tree: FilterTree[int] = FilterTree()
    for number in range(20_000):
        tree.add(f"system/gpu/{number % 10_000}/{'mig/+' if number % 2 else 'processes'}", number)
    tree.add("system/#", -1)
    began = time.monotonic()
    for _ in range(1000):
        assert list(tree.matching("system/cpu")) == [{-1}]
    assert time.monotonic() - began < 1  # 5 ms; comparing with each filter would take minutes


@pytest.mark.parametrize(
    "channel_filter",
    [
        *("#", "+/#", "system/+", "+/cpu", "system/cpu/#", "system/gpu/7/#", "system/gpu/+/mig/3"),
        *("system/+/0", "+/+/+/+/+", "system/status", "system/annotations", "system/gpu/9999"),
    ],
)
def test_a_filter_that_can_match_a_channel_is_accepted(channel_filter: str) -> None:
    require_channels("channels", [channel_filter])


@pytest.mark.parametrize(
    "channel_filter",
    [
        *("system/cp", "system", "System/cpu", "/system/cpu", "system/cpu/", "system/cpu/+", "a/#"),
        *("system/gpu/x", "system/gpu/12345", "system/gpu/+/+/+/+", "system/gpu/0/mig/#/"),
    ],
)
def test_a_filter_that_can_match_no_channel_is_refused(channel_filter: str) -> None:
    with pytest.raises(InvalidParameterError, match=r"it matches none of system/gpu/\{id\}, "):
        require_channels("channels", ["system/cpu", channel_filter])
