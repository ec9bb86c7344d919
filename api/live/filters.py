"""Channel filters: MQTT topic filters with the wildcards ``+`` and ``#``."""

import re
from collections.abc import Iterable
from functools import lru_cache

from paho.mqtt.client import topic_matches_sub

from api.errors import InvalidParameterError

MAX_FILTERS = 64
_MAX_LENGTH = 256
# MQTT 3.1.1, section 4.7.1: + occupies a whole level, # the last one.
_LEVEL = r"(?:\+|[^+#/\x00-\x1f\ud800-\udfff]*)"
_FILTER = re.compile(rf"(?:{_LEVEL}/)*(?:{_LEVEL}|#)")
_ALLOWED = (
    "it must be a channel such as system/cpu, where + matches one level and a final # matches "
    "all remaining levels"
)


def validated_filters(name: str, filters: Iterable[object]) -> tuple[str, ...]:
    """Return ``filters`` without duplicates, in order.

    ``name`` is the parameter name for the error. Raises InvalidParameterError.
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
    """Return the filters from a query string, restoring each + that was decoded as a space."""
    return [each.replace(" ", "+") for each in filters]  # channel names contain no spaces


def is_concrete(channel_filter: str) -> bool:
    """Return whether ``channel_filter`` matches exactly one channel."""
    return "+" not in channel_filter and "#" not in channel_filter


@lru_cache(maxsize=8192)  # clients share few filters, and paho builds a tree per call
def _matches(channel_filter: str, channel: str) -> bool:
    return topic_matches_sub(channel_filter, channel)


def matches_any(filters: Iterable[str], channel: str) -> bool:
    """Return whether one of ``filters`` matches ``channel``."""
    return any(_matches(each, channel) for each in filters)
