"""How long to wait before the next attempt."""

import random

_LONGEST_ASKED_SECONDS = 120.0  # a server that is well again must not be left alone for an hour


class Pauses:
    """Pauses that double from ``first`` to ``longest`` seconds.

    Each is shortened at random, so that those who try again do not come together. A server that
    asks to be left alone is, for two minutes at most.
    """

    def __init__(self, first: float, longest: float) -> None:
        """Begin with the shortest."""
        self._first = self._seconds = first
        self._longest = longest

    def begin_anew(self) -> None:
        """Begin with the shortest again, after a success."""
        self._seconds = self._first

    def next(self, asked: float = 0.0) -> float:
        """Return the seconds to wait; the server has ``asked`` for so many."""
        jitter = random.uniform(0.5, 1.0)  # noqa: S311 - spreads the attempts, guards nothing
        pause, self._seconds = jitter * self._seconds, min(2 * self._seconds, self._longest)
        return max(pause, min(asked, _LONGEST_ASKED_SECONDS) + jitter if asked else 0.0)
