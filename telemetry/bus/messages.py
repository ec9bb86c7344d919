"""What travels between the broker and its clients."""

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class LastWill:
    """What the broker publishes, retained, when this client is gone without a word."""

    topic: str
    payload: bytes
