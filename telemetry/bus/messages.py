"""The messages that a client receives from the broker and sends to it."""

from dataclasses import dataclass
from typing import NamedTuple

AT_MOST_ONCE = 0
AT_LEAST_ONCE = 1


class Message(NamedTuple):
    """A message from the broker.

    ``retained`` is true if the broker had retained the message, and delivered it because this
    client subscribed. ``connection`` is the number of the connection on which the message arrived;
    an acknowledgement is valid only on that connection.
    """

    topic: str
    payload: bytes
    retained: bool
    connection: int
    identifier: int
    quality: int


class Publication(NamedTuple):
    """A message to publish.

    ``retain`` is true for a message that describes the current state, such as a sample, and false
    for an event. ``waits`` matters if a newer message for the same retained topic is queued before
    the publisher sends this one: if ``waits`` is true, this message is still sent, for the
    history; if not, it is discarded.
    """

    topic: str
    payload: bytes
    retain: bool
    quality: int = AT_LEAST_ONCE
    waits: bool = True


@dataclass(frozen=True, slots=True)
class LastWill:
    """The message that the broker publishes and retains if this client disconnects unexpectedly."""

    topic: str
    payload: bytes
