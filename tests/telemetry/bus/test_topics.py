from collections.abc import Callable

import paho.mqtt.client as paho
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.bus.topics import TopicScheme
from telemetry.catalogue import CHANNEL_FILTERS, gpu_channel, mig_channel, processes_channel
from telemetry.settings.values import host_name, topic_prefix

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


def accepted(check: Callable[[str], str], text: str) -> bool:
    try:
        check(text)
    except ValueError:
        return False
    return True


prefixes = st.lists(
    st.one_of(st.sampled_from(["{host}", "gpu-{host}", "lab", ""]), st.text(max_size=5)), max_size=4
).map("/".join)


@given(
    prefix=prefixes.filter(lambda text: accepted(topic_prefix, text)),
    host=st.text(min_size=1).filter(lambda text: accepted(host_name, text)),
    channel=st.sampled_from(["system/cpu", "system/gpu/0/mig/1"]),
)
def test_each_accepted_prefix_gives_a_valid_filter_that_matches_its_own_topics(
    prefix: str, host: str, channel: str
) -> None:
    scheme = TopicScheme(prefix)
    everything, topic = scheme.everything(), scheme.topic(host, channel)
    assert all(
        level in {"+", "#"} or not set(level) & {"+", "#"} for level in everything.split("/")
    )
    assert paho.topic_matches_sub(everything, topic)
    assert scheme.parse(topic) == (host if scheme.per_host else None, channel)


@pytest.mark.parametrize(
    "channel",
    [
        *("system/cpu", "system/memory", "system/disk", "system/network", "system/status"),
        *(gpu_channel(9999), processes_channel(0), mig_channel(0, 99), "system/annotations"),
    ],
)
def test_each_channel_has_one_filter_and_other_topics_have_none(channel: str) -> None:
    scheme = TopicScheme("fleet/{host}")
    filters = [scheme.of_every_host(each) for each in CHANNEL_FILTERS]

    def matching(topic: str) -> int:
        return sum(paho.topic_matches_sub(each, topic) for each in filters)

    assert matching(scheme.topic("gpu-07", channel)) == 1
    for other in ("system", "system/junk", "system/gpu", f"{channel}/junk/junk"):
        assert matching(scheme.topic("gpu-07", other)) == 0


def test_two_sites_on_one_broker_have_different_client_ids() -> None:
    prefixes = ("", "site-a", "site-b", "site/a")
    assert len({TopicScheme(prefix).client_id("collector", "gpu-07") for prefix in prefixes}) == 4


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
