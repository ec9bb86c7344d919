"""Publishes messages in the background. Needs only paho-mqtt and the standard library."""

import contextlib
import logging
import os
import queue
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from system_monitor import settings

log = logging.getLogger("system_monitor")

_MOST_WAITING = 1000
_FIRST_SECONDS = 5.0  # the longest wait for the first connection, until a warning is logged
_AGAIN_SECONDS = 60.0  # the state of a run under way is published again after this time
_LAST_SECONDS = 2.0
_POLL_SECONDS = 0.05
_RESULT = "marks and runs are not published"


class Message(NamedTuple):
    """A message to publish on a channel of this host."""

    channel: str
    payload: bytes
    retain: bool = False


Make = Callable[[str], Message]
"""A function that takes the name of this host and returns a message."""


class Outbox:
    """A bounded queue, and the thread that publishes the queued messages.

    ``put`` never blocks and never raises. Only the first failure is logged, in one sentence.
    """

    def __init__(self, states: Callable[[], Iterable[Make]]) -> None:
        """Start nothing yet.

        ``states`` returns the messages about the runs that are under way. These messages are
        published each time the thread connects to the broker, and every minute.
        """
        self.process = os.getpid()
        self._states = states
        self._messages: queue.Queue[Make | None] = queue.Queue(_MOST_WAITING)
        self._connected = threading.Event()
        self._failed = threading.Event()
        self._idle = threading.Event()
        self._last: Any = None  # paho's handle of the message that was published last
        self._again_at = 0.0
        self._reported = False
        self._new_client: Callable[[str], Any] | None = None

    def start(self) -> None:
        """Start the thread.

        This loads paho in the caller's thread. If the process forked while another thread was
        loading paho, the child process could never load it.
        """
        self._new_client = _load_paho()
        threading.Thread(target=self._run, name="system-monitor", daemon=True).start()

    def put(self, make: Make) -> None:
        """Queue a message."""
        self._idle.clear()
        try:
            self._messages.put_nowait(make)
        except queue.Full:
            self._report(
                f"{_MOST_WAITING} messages are waiting to be published; "
                "further messages are discarded"
            )

    def flush(self) -> None:
        """Wait at most 2 s for everything to be published; do not wait if the broker has failed."""
        deadline = time.monotonic() + _LAST_SECONDS
        while time.monotonic() < deadline and not self._failed.is_set():
            if self._idle.wait(_POLL_SECONDS):
                return

    def _run(self) -> None:
        try:
            broker = settings.load()
            client = self._client(broker)
        except Exception as error:  # noqa: BLE001 - the caller's program must not fail
            self._failed.set()
            self._report(f"{error}, so {_RESULT}")
            return
        if not self._connected.wait(_FIRST_SECONDS):
            self._fail(f"the MQTT broker at {broker.masked} does not answer")
        while True:
            self._connected.wait()
            try:
                self._publish(client, broker, self._next())
            except Exception as error:  # noqa: BLE001 - as above
                self._report(f"a message could not be published ({error!r})")

    def _next(self) -> list[Make]:
        """Wait until a message arrives or the states are due; return what to publish."""
        try:
            made = self._messages.get(timeout=max(0.0, self._again_at - time.monotonic()))
        except queue.Empty:
            made = None
        states: list[Make] = []
        if time.monotonic() >= self._again_at:
            self._again_at = time.monotonic() + _AGAIN_SECONDS
            states = [each for each in self._states() if each is not made]
        return states if made is None else [*states, made]

    def _publish(self, client: Any, broker: settings.Broker, makes: list[Make]) -> None:  # noqa: ANN401 - paho may be missing
        for make in makes:
            message = make(broker.host_name)
            topic = broker.topic(message.channel)
            self._last = client.publish(topic, message.payload, qos=1, retain=message.retain)
        if not self._messages.empty():
            return
        if self._last is not None:
            self._last.wait_for_publish(_LAST_SECONDS)
        if self._messages.empty():
            self._idle.set()

    def _client(self, broker: settings.Broker) -> Any:  # noqa: ANN401 - as above
        if self._new_client is None:
            raise RuntimeError("paho-mqtt 2 is not installed (`pip install -U paho-mqtt`)")
        name = f"system-monitor-helper-{broker.host_name}-{secrets.token_hex(6)}"
        client = self._new_client(name)
        if broker.tls is not None:
            client.tls_set_context(broker.tls)
        if broker.user is not None:
            client.username_pw_set(broker.user, broker.password)

        def note_connection(_client: Any, _data: Any, _flags: Any, reason: Any, _more: Any) -> None:  # noqa: ANN401
            if reason.is_failure:
                self._fail(f"the MQTT broker at {broker.masked} refuses the connection ({reason})")
                return
            self._failed.clear()
            self._again_at = 0.0  # send the states again: the broker may have lost them
            self._connected.set()
            with contextlib.suppress(queue.Full):
                self._messages.put_nowait(None)  # wakes the thread

        client.on_connect = note_connection
        client.on_disconnect = lambda *_: self._connected.clear()
        client.on_connect_fail = lambda *_: self._fail(
            f"the MQTT broker at {broker.masked} cannot be reached"
        )
        client.connect_async(broker.host, broker.port)
        client.loop_start()
        return client

    def _fail(self, reason: str) -> None:
        self._failed.set()
        self._report(f"{reason}, so {_RESULT} until it accepts the connection")

    def _report(self, sentence: str) -> None:
        if not self._reported:
            self._reported = True
            log.warning("system_monitor: %s.", sentence)


def _load_paho() -> Callable[[str], Any] | None:
    """Load paho, and return a function that creates a client.

    Return None if paho 2 is not installed. This also loads the ``idna`` codec, which paho's own
    thread would otherwise load when it connects.
    """
    try:
        from paho.mqtt.client import Client  # noqa: PLC0415 - only once something is published
        from paho.mqtt.enums import CallbackAPIVersion  # noqa: PLC0415
    except ImportError:  # paho is missing, or its version is before 2
        return None
    "".encode("idna")
    return lambda name: Client(CallbackAPIVersion.VERSION2, client_id=name)
