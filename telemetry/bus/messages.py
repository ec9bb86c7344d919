"""The messages that the broker and its clients exchange."""

from dataclasses import dataclass
from typing import NamedTuple

AT_MOST_ONCE = 0
AT_LEAST_ONCE = 1


class Message(NamedTuple):
    """A message from the broker.

    ``retained`` is set if the message was published before the subscription and retained.
    ``connection`` is the number of the connection that the message arrived on; an acknowledgement
    is valid only on that connection.
    """

    topic: str
    payload: bytes
    retained: bool
    connection: int
    identifier: int
    quality: int


class Publication(NamedTuple):
    """A message to publish.

    ``retain`` is for a current state, such as a sample; an event is never retained. If ``waits`` is
    set, the publisher queues the message while the broker is unavailable. Of the messages that do
    not wait, it keeps only the newest of each retained topic.
    """

    topic: str
    payload: bytes
    retain: bool
    quality: int = AT_LEAST_ONCE
    waits: bool = True


@dataclass(frozen=True, slots=True)
class LastWill:
    """The retained message that the broker publishes if it loses this client unexpectedly."""

    topic: str
    payload: bytes
