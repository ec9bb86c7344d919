"""The message type of the publisher's queue."""

from typing import NamedTuple

from telemetry.bus.messages import Publication
from telemetry.samples import late


class Queued(NamedTuple):
    """A message in the publisher's queue, and the monotonic time in seconds when it was queued."""

    taken: float
    publication: Publication

    @property
    def size(self) -> int:
        """The size of the payload in bytes."""
        return len(self.publication.payload)

    @property
    def for_history(self) -> bool:
        """Whether the history needs the message even if a newer message of its topic was sent."""
        return self.publication.waits and not self.deletes

    @property
    def deletes(self) -> bool:
        """Whether the message deletes its topic's retained message."""
        return self.publication.retain and not self.publication.payload

    def as_past(self) -> Publication:
        """Return what to send if a newer message on the topic was sent first.

        If the message was to be retained, it is marked late and sent without the retain flag.
        """
        if not self.publication.retain:
            return self.publication
        return self.publication._replace(payload=late(self.publication.payload), retain=False)
