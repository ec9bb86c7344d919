"""The value of a secret setting, such as a password."""

MASK = "********"


class Secret:
    """Secret text that is never shown: its representation is ``MASK``, even in tracebacks."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Store ``text``; only ``reveal`` returns it."""
        self._text = text

    def reveal(self) -> str:
        """Return the text."""
        return self._text

    def __repr__(self) -> str:
        """Return ``MASK``."""
        return MASK
