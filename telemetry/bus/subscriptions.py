"""The subscriptions of a connection, and whether the broker has accepted them."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeAlias

from paho.mqtt.reasoncodes import ReasonCode

log = logging.getLogger(__name__)

_RETRY_SECONDS = 5.0


class Subscription(NamedTuple):
    """A topic filter and the quality of service (QoS) requested for it."""

    topic_filter: str
    quality: int


Send: TypeAlias = Callable[[Subscription], int | None]
"""A function that sends the request for a subscription.

The function returns the identifier of the packet, or None if the request was not sent.
"""


class Subscriptions:
    """Keeps track of the subscriptions of the current connection.

    A subscription that the broker refuses is requested again every 5 s. Other threads may only call
    ``wait`` and read ``problem``; all other methods belong to the network thread.
    """

    def __init__(self, broker: str, send: Send) -> None:
        """Subscribe with ``send``; ``broker`` is the broker's address, for messages."""
        self._broker = broker
        self._send = send
        self._accepted = threading.Event()
        self._unanswered: dict[int | None, Subscription] = {}
        self._refused: dict[str, Subscription] = {}
        self._reported = False
        self._requesting = False
        self._retry_at = 0.0

    @property
    def problem(self) -> str | None:
        """A sentence that states why subscriptions are not accepted; None if all are accepted."""
        if self._refused:
            filters = ", ".join(map(repr, list(self._refused)))
            what = f"refuses the subscription to {filters}: allow this user to read these topics"
        elif self._unanswered or self._requesting:
            what = "has not confirmed the subscription yet"
        else:
            return None
        return f"The MQTT broker at {self._broker} {what}."

    @contextmanager
    def requesting(self) -> Iterator[None]:
        """Let ``problem`` report unconfirmed subscriptions during the ``with`` block.

        Without this, ``problem`` would be None from the start of the connection until the first
        call of ``request``.
        """
        self._requesting = True
        try:
            yield
        finally:
            self._requesting = False

    def request(self, subscription: Subscription) -> None:
        """Send the request for ``subscription``."""
        self._unanswered[self._send(subscription)] = subscription

    def note_answer(
        self, identifier: int, reasons: list[ReasonCode], _properties: object = None
    ) -> None:
        """Record the broker's answer to the packet with this ``identifier``."""
        subscription = self._unanswered.pop(identifier, None)
        if subscription is None:
            return
        if any(reason.is_failure for reason in reasons):
            self._retry_at = time.monotonic() + _RETRY_SECONDS
            self._refused[subscription.topic_filter] = subscription
        else:
            self._refused.pop(subscription.topic_filter, None)
        if not self._unanswered:
            self._note_all_answered()

    def _note_all_answered(self) -> None:
        if self._refused and not self._reported:
            log.warning("%s Trying again.", self.problem)
        elif self._reported and not self._refused:
            log.warning("The MQTT broker at %s now accepts all subscriptions.", self._broker)
        self._reported = bool(self._refused)
        if not self._refused:
            self._accepted.set()

    def retry(self) -> None:
        """Request the refused subscriptions again.

        Does nothing while an answer is outstanding, or within 5 s of the last refusal.
        """
        if self._refused and not self._unanswered and time.monotonic() >= self._retry_at:
            for subscription in self._refused.values():
                self.request(subscription)

    def reset(self) -> None:
        """Forget all subscriptions once the connection has ended."""
        self._accepted.clear()
        self._unanswered.clear()
        self._refused.clear()
        self._reported = False

    def wait(self, seconds: float) -> bool:
        """Wait up to ``seconds`` until all subscriptions are accepted; return whether they are."""
        return self._accepted.wait(seconds)
