"""Reads and writes the lines of a recording. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from telemetry.bus.topics import TopicScheme
from telemetry.decoding import Address, Content, decode, resolve
from telemetry.errors import MalformedMessageError
from telemetry.recording.clock import RecordingClock
from telemetry.samples import MAX_PAYLOAD_BYTES, Sample
from telemetry.status import CollectorStatus

_LONGEST_LINE = 2 * MAX_PAYLOAD_BYTES
_REMOVED = b"(null)"  # what mosquitto_sub prints for an empty payload
_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")


def line_of(topic: str, payload: bytes) -> bytes:
    """Return the line that records a message.

    Line breaks in the JSON payload become spaces, which does not change the values.
    """
    return b"%b %b\n" % (topic.encode(errors="replace"), payload.translate(_ONE_LINE) or _REMOVED)


def lines_in(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of ``stream``; a line that is too long for a message is yielded in parts."""
    while line := stream.readline(_LONGEST_LINE):
        yield line


@dataclass(frozen=True, slots=True)
class Entry:
    """A message in a recording.

    ``content`` is None if the payload is empty; such a message deletes a retained message.
    ``elapsed`` is the number of milliseconds since the recording began.
    """

    address: Address
    payload: bytes
    content: Content | None
    elapsed: int


class Recording:
    """Decodes the lines of a recording, and counts the invalid ones.

    After reading, ``lines`` is the number of lines, and ``samples`` is the number of samples and
    statuses. ``rejected`` counts the skipped lines by reason. ``first_error`` is the error in the
    first skipped line, with its line number.
    """

    def __init__(self, topics: TopicScheme) -> None:
        """Start with no lines read; ``topics`` is the topic scheme of the recording."""
        self._topics = topics
        self.clock = RecordingClock()
        self.lines = self.samples = 0
        self.rejected: Counter[str] = Counter()
        self.first_error: str | None = None

    def problems(self, name: str, option: str) -> Iterator[str]:
        """Yield a sentence for each problem with the file ``name``; call this after reading it.

        ``option`` is the command-line option that sets the topic prefix.
        """
        if skipped := self.rejected.total():
            reasons = ", ".join(f"{number} {reason}" for reason, number in self.rejected.items())
            yield (
                f"Lines of {name} that were skipped because they are not valid: {skipped:,} of "
                f"{self.lines:,} ({reasons}); the first is {self.first_error}"
            )
        if not self.samples:
            yield (
                f"{name} contains no samples: each line of a recording has the form "
                "`topic payload`, as `system-monitor record` and `mosquitto_sub -v -t 'system/#'` "
                f"print it. If the topics have a prefix, set {option}."
            )

    def read(self, lines: Iterable[bytes]) -> Iterator[Entry]:
        """Yield the messages in ``lines``, in order."""
        for line in lines:
            self.lines += 1
            try:
                entry = self._entry(line.strip())
            except MalformedMessageError as error:
                self.rejected[error.reason] += 1
                self.first_error = self.first_error or f"line {self.lines}: {error}"
                continue
            if entry is not None:
                yield entry

    def _entry(self, line: bytes) -> Entry | None:
        """Return the message in ``line``; None if the line is empty."""
        if not line:
            return None
        topic, brace, rest = line.partition(b" {")
        if not brace:
            topic, _, rest = line.rpartition(b" ")
            if rest != _REMOVED:
                raise MalformedMessageError("not `topic payload`", repr(line[:60])[1:])
        address = resolve(self._topics, topic.decode("utf-8", "replace"))
        if not brace:
            return Entry(address, b"", None, self.clock.elapsed)
        # An event without a timestamp gets the recording's current time.
        content = decode(address, b"{" + rest, arrived=self.clock.now)
        if isinstance(content, Sample | CollectorStatus):
            self.samples += 1
            self.clock.advance(content)
        return Entry(address, b"{" + rest, content, self.clock.elapsed)
