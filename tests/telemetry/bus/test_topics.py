import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.bus.topics import TopicScheme

segments = st.text(min_size=1).filter(lambda text: "/" not in text)


@pytest.mark.parametrize(
    ("prefix", "topic", "everything"),
    [
        ("", "system/cpu", "system/#"),
        ("lab", "lab/system/cpu", "lab/system/#"),
        ("fleet/{host}", "fleet/gpu-07/system/cpu", "fleet/+/system/#"),
    ],
)
def test_the_prefix_goes_before_the_channel(prefix: str, topic: str, everything: str) -> None:
    scheme = TopicScheme(prefix)
    assert scheme.topic("gpu-07", "system/cpu") == topic
    assert scheme.everything() == everything


@given(host=segments, rest=st.text(min_size=1))
def test_a_topic_is_read_back_as_the_host_and_channel_that_made_it(host: str, rest: str) -> None:
    scheme = TopicScheme("fleet/{host}")
    channel = f"system/{rest}"
    assert scheme.parse(scheme.topic(host, channel)) == (host, channel)


def test_without_a_host_in_the_prefix_the_topic_names_no_host() -> None:
    assert TopicScheme("lab").parse("lab/system/cpu") == (None, "system/cpu")


@pytest.mark.parametrize("topic", ["", "system", "system/", "other/cpu", "fleet/system/cpu"])
def test_a_foreign_topic_is_none(topic: str) -> None:
    assert TopicScheme().parse(topic) is None


def test_the_prefix_is_taken_literally_not_as_a_pattern() -> None:
    assert TopicScheme("l.b").parse("lab/system/cpu") is None
