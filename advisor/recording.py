"""Reads a recording: lines of ``topic payload``, as ``mosquitto_sub -v`` prints them."""

from collections import Counter
from collections.abc import Iterable, Iterator

from telemetry.bus.topics import TopicScheme
from telemetry.decoding import decode, resolve
from telemetry.errors import MalformedMessageError
from telemetry.events import Event
from telemetry.samples import Sample
from telemetry.status import CollectorStatus

_REMOVED = b"(null)"  # what mosquitto_sub prints for an empty payload


class Recording:
    """Decodes the lines of a recording, and counts those that are not valid.

    After reading, ``lines`` is the number of lines, ``samples`` the number of samples and statuses,
    and ``rejected`` counts the lines that were skipped, by reason. ``first_error`` is the error of
    the first skipped line, with its line number.
    """

    def __init__(self, topics: TopicScheme) -> None:
        """Begin with nothing read."""
        self._topics = topics
        self.lines = self.samples = 0
        self.rejected: Counter[str] = Counter()
        self.first_error: str | None = None

    def read(self, lines: Iterable[bytes]) -> Iterator[Sample | CollectorStatus]:
        """Yield the samples and statuses in ``lines``, in their order."""
        for line in lines:
            self.lines += 1
            try:
                content = self._content(line.strip())
            except MalformedMessageError as error:
                self.rejected[error.reason] += 1
                self.first_error = self.first_error or f"line {self.lines}: {error}"
                continue
            if content is not None:
                self.samples += 1
                yield content

    def _content(self, line: bytes) -> Sample | CollectorStatus | None:
        """Return what ``line`` contains; None if it is an event, a removal, or empty."""
        if not line:
            return None
        topic, brace, rest = line.partition(b" {")
        if not brace:
            topic, _, rest = line.rpartition(b" ")
            if rest != _REMOVED:
                raise MalformedMessageError("not `topic payload`", repr(line[:60])[1:])
        address = resolve(self._topics, topic.decode("utf-8", "replace"))
        if not brace:
            return None
        content = decode(address, b"{" + rest, arrived=0)
        return None if isinstance(content, Event) else content
