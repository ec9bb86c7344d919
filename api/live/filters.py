"""Channel filters: MQTT topic filters with the wildcards ``+`` and ``#``."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Generic, TypeVar

from api.errors import InvalidParameterError
from telemetry.bus.topics import ALL_CHANNELS
from telemetry.catalogue import FAMILIES, STATUS_CHANNEL, example_channel, family_of

CHANNEL_PARAMETERS = ("channel", "channels")  # two names for one parameter
MAX_FILTERS = 64
_MAX_LENGTH = 256
# MQTT 3.1.1, section 4.7.1: + must be a whole level, and # must be the whole last level.
_LEVEL = r"(?:\+|[^+#/\x00-\x1f\ud800-\udfff]*)"
_FILTER = re.compile(rf"(?:{_LEVEL}/)*(?:{_LEVEL}|#)")
_CHANNELS = (*(family.channel for family in FAMILIES), STATUS_CHANNEL)
_EXAMPLES = (*(example_channel(family) for family in FAMILIES), STATUS_CHANNEL)
_ALLOWED = (
    "it must be a channel such as system/cpu; + stands for any one level, and a final # stands "
    "for all remaining levels"
)


def validated_filters(name: str, filters: Iterable[object]) -> tuple[str, ...]:
    """Return ``filters`` without duplicates, in the given order.

    Raises InvalidParameterError if a filter is invalid or there are too many filters. ``name`` is
    the parameter's name in the error message.
    """
    distinct: dict[str, None] = {}
    for each in filters:
        valid = isinstance(each, str) and 0 < len(each) <= _MAX_LENGTH and _FILTER.fullmatch(each)
        if not isinstance(each, str) or not valid:
            raise InvalidParameterError(name, each, _ALLOWED)
        distinct[each] = None
    if len(distinct) > MAX_FILTERS:
        raise InvalidParameterError(
            name, f"{len(distinct)} filters", f"at most {MAX_FILTERS} may be used at a time"
        )
    return tuple(distinct)


def require_channels(name: str, filters: Iterable[str]) -> None:
    """Raise InvalidParameterError if one of ``filters`` cannot match any channel.

    The filters must have been validated.
    """
    for each in filters:
        if not _can_match(each):
            raise InvalidParameterError(name, each, f"it matches none of {', '.join(_CHANNELS)}")


def is_channel(name: str) -> bool:
    """Return whether ``name`` is a channel of System Monitor, such as ``system/gpu/0``."""
    return name == STATUS_CHANNEL or family_of(name) is not None


def _can_match(channel_filter: str) -> bool:
    levels = channel_filter.split("/")
    examples = (each.split("/") for each in _EXAMPLES)
    return any(is_channel("/".join(_without_wildcards(levels, each))) for each in examples)


def _without_wildcards(levels: list[str], example: list[str]) -> list[str]:
    """Return the levels of a filter, with wildcards replaced by the levels of ``example``."""
    if levels[-1] == "#":
        levels = [*levels[:-1], *example[len(levels) - 1 :]]
    pairs = zip_longest(levels, example[: len(levels)], fillvalue="")
    return [own if level == "+" else level for level, own in pairs]


def from_query(given: Mapping[str, Sequence[str]]) -> tuple[str, list[str]]:
    """Return the name of the query's filter parameter, and all filters in the query.

    The name, ``channel`` or ``channels``, is used in error messages. Each value can contain
    several filters, separated by commas. A query without filters gives an empty name and the
    filter for all channels. A + in a URL is decoded as a space. Since channel names contain no
    spaces, each space is turned back into a +.
    """
    used = [name for name in CHANNEL_PARAMETERS if given[name]]
    values = [value.replace(" ", "+") for name in used for value in given[name]]
    return used[-1] if used else "", ",".join(values).split(",") if used else [ALL_CHANNELS]


def is_concrete(channel_filter: str) -> bool:
    """Return whether ``channel_filter`` matches exactly one channel."""
    return "+" not in channel_filter and "#" not in channel_filter


T = TypeVar("T")


class FilterTree(Generic[T]):
    """Maps filters to items, such as clients, in a tree of topic levels.

    The cost of a match depends on the number of levels of the channel, not on the number of
    filters.
    """

    __slots__ = ("children", "items")

    def __init__(self) -> None:
        """Start with no filters."""
        self.children: dict[str, FilterTree[T]] = {}
        self.items: set[T] = set()

    def add(self, channel_filter: str, item: T) -> None:
        """Add ``item`` to the items of ``channel_filter``, which must be valid."""
        node = self
        for level in channel_filter.split("/"):
            if level not in node.children:
                node.children[level] = FilterTree()
            node = node.children[level]
        node.items.add(item)

    def discard(self, channel_filter: str, item: T) -> None:
        """Remove ``item`` from ``channel_filter``, to which it was added earlier."""
        level, _, rest = channel_filter.partition("/")
        child = self.children[level]
        if "/" in channel_filter:
            child.discard(rest, item)
        else:
            child.items.discard(item)
        if not child.items and not child.children:
            del self.children[level]

    def matching(self, channel: str) -> Iterator[set[T]]:
        """Yield the items of each filter that matches ``channel``."""
        nodes = [self]
        for level in channel.split("/"):
            yield from (node.children["#"].items for node in nodes if "#" in node.children)
            steps = ((node, name) for node in nodes for name in (level, "+"))
            nodes = [node.children[name] for node, name in steps if name in node.children]
        for node in nodes:
            if node.items:
                yield node.items
            if "#" in node.children:  # system/cpu/# matches system/cpu too
                yield node.children["#"].items


def select(filters: Iterable[str], channels: Iterable[str]) -> tuple[str, ...]:
    """Return the ``channels`` that match one of ``filters``."""
    tree: FilterTree[None] = FilterTree()
    for each in filters:
        tree.add(each, None)
    return tuple(channel for channel in channels if any(tree.matching(channel)))
