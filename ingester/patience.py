"""How long to wait before the next attempt."""

import random

_FIRST_SECONDS = 0.5
_LONGEST_SECONDS = 30.0
_LONGEST_ASKED_SECONDS = 120.0  # a store that is well again must not be left alone for an hour


class Pauses:
    """Pauses that double up to 30 s, shortened at random, so that ingesters do not come together.

    A store that asks to be left alone is, for two minutes at most.
    """

    def __init__(self) -> None:
        """Begin with the shortest."""
        self._seconds = _FIRST_SECONDS

    def next(self, asked: float = 0.0) -> float:
        """Return the seconds to wait; the store has ``asked`` for so many."""
        jitter = random.uniform(0.5, 1.0)  # noqa: S311 - spreads the attempts, guards nothing
        pause, self._seconds = jitter * self._seconds, min(2 * self._seconds, _LONGEST_SECONDS)
        return max(pause, min(asked, _LONGEST_ASKED_SECONDS) + jitter if asked else 0.0)
