"""Filters on channels: MQTT's topic filters, with its wildcards ``+`` and ``#``."""

import re
from collections.abc import Iterable
from functools import lru_cache

from paho.mqtt.client import topic_matches_sub

from api.errors import InvalidParameterError

MAX_FILTERS = 64
_MAX_LENGTH = 256
# MQTT 3.1.1, section 4.7.1: + fills a level, # fills the last one.
_LEVEL = r"(?:\+|[^+#/\x00-\x1f\ud800-\udfff]*)"
_FILTER = re.compile(rf"(?:{_LEVEL}/)*(?:{_LEVEL}|#)")
_ALLOWED = (
    "it must be a channel such as system/cpu, in which + stands for one level and a final # for "
    "all that follow"
)


def validated_filters(name: str, filters: Iterable[object]) -> tuple[str, ...]:
    """Return ``filters`` without repetitions, in order.

    ``name`` is the parameter's, for the error. Raises InvalidParameterError.
    """
    distinct: dict[str, None] = {}
    for each in filters:
        valid = isinstance(each, str) and 0 < len(each) <= _MAX_LENGTH and _FILTER.fullmatch(each)
        if not isinstance(each, str) or not valid:
            raise InvalidParameterError(name, each, _ALLOWED)
        distinct[each] = None
    if len(distinct) > MAX_FILTERS:
        raise InvalidParameterError(
            name, f"{len(distinct)} filters", f"at most {MAX_FILTERS} at a time"
        )
    return tuple(distinct)


def from_query(filters: Iterable[str]) -> list[str]:
    """Return the filters of a query string, in which an unescaped + has become a space."""
    return [each.replace(" ", "+") for each in filters]  # no channel's name holds a space


def is_concrete(channel_filter: str) -> bool:
    """Return whether ``channel_filter`` matches one channel only."""
    return "+" not in channel_filter and "#" not in channel_filter


@lru_cache(maxsize=8192)  # clients share few filters, and paho builds a tree for each question
def _matches(channel_filter: str, channel: str) -> bool:
    return topic_matches_sub(channel_filter, channel)


def matches_any(filters: Iterable[str], channel: str) -> bool:
    """Return whether one of ``filters`` matches ``channel``."""
    return any(_matches(each, channel) for each in filters)
