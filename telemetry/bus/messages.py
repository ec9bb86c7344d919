"""The messages between the broker and its clients."""

from dataclasses import dataclass
from typing import NamedTuple

AT_MOST_ONCE = 0
AT_LEAST_ONCE = 1


@dataclass(frozen=True, slots=True)
class Message:
    """A message from the broker.

    ``retained`` is set where the broker had kept it from before the subscription. ``connection``
    counts the connections made so far: an acknowledgement belongs to the one it arrived on.
    """

    topic: str
    payload: bytes
    retained: bool
    connection: int
    identifier: int
    quality: int


class Publication(NamedTuple):
    """A message to publish.

    ``retain`` is for a state that is true now, such as a sample; an event is never retained. While
    the broker is away, the publisher queues what ``waits``; of the rest it keeps the newest of each
    retained topic.
    """

    topic: str
    payload: bytes
    retain: bool
    quality: int = AT_LEAST_ONCE
    waits: bool = True


@dataclass(frozen=True, slots=True)
class LastWill:
    """The message that the broker publishes, retained, if this client vanishes."""

    topic: str
    payload: bytes
