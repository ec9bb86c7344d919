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
        """Whether the message deletes the retained message of its topic."""
        return self.publication.retain and not self.publication.payload

    def as_past(self) -> Publication:
        """Return the message to send after a newer message of its topic.

        A message that was to be retained is marked late instead.
        """
        if not self.publication.retain:
            return self.publication
        return self.publication._replace(payload=late(self.publication.payload), retain=False)
