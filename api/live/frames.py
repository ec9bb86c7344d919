"""Frames for WebSocket clients."""

from websockets import frames

from api.live.newest import Update
from telemetry.clock import unix_milliseconds


class Text:
    """A text frame that contains JSON. ``encoded`` contains the bytes to send."""

    __slots__ = ("encoded", "text")

    def __init__(self, text: str) -> None:
        """Encode ``text``."""
        self.text = text
        self.encoded = frames.Frame(frames.Opcode.TEXT, text.encode()).serialize(mask=False)


class Greeting:
    """A channel's newest value and its age, for a client that has just subscribed.

    The frame is encoded only when it is sent, so that the age is correct.
    """

    __slots__ = ("_update",)

    def __init__(self, update: Update) -> None:
        """Store the update to send."""
        self._update = update

    @property
    def text(self) -> str:
        """The update's frame as JSON, with ``age_seconds`` added."""
        age = round(self._update.age(unix_milliseconds()), 3)
        return f'{self._update.frame[:-1]},"age_seconds":{age}}}'

    @property
    def encoded(self) -> bytes:
        """The bytes to send."""
        return Text(self.text).encoded


Frame = Text | Greeting
