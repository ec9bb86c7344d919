"""A message in the queue of the publisher."""

from typing import NamedTuple

from telemetry.bus.messages import Publication
from telemetry.samples import late


class Queued(NamedTuple):
    """A message, and when the publisher received it, in seconds of the monotonic clock."""

    taken: float
    publication: Publication

    @property
    def size(self) -> int:
        """The size of the payload in bytes."""
        return len(self.publication.payload)

    @property
    def for_history(self) -> bool:
        """Whether the message is still useful after a newer one of its topic was sent."""
        return self.publication.waits and not self.deletes

    @property
    def deletes(self) -> bool:
        """Whether the message deletes the retained message of its topic."""
        return self.publication.retain and not self.publication.payload

    def as_past(self) -> Publication:
        """Return the message as it is sent after a newer one of its topic."""
        if not self.publication.retain:
            return self.publication
        return self.publication._replace(payload=late(self.publication.payload), retain=False)
