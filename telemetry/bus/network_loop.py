"""The network thread of a paho client.

This thread replaces paho's own thread, which uses select() and so cannot watch a file descriptor
above 1023. With paho's thread, a process that serves a thousand WebSockets would receive nothing
from the broker after a reconnect.
"""

import contextlib
import selectors
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any

from paho.mqtt.enums import MQTTErrorCode

from telemetry.backoff import Backoff
from telemetry.bus.client import BusClient
from telemetry.bus.tenure import Tenure

_KEEPALIVE_CHECKS = 4  # per keepalive period, even if no message wakes the thread
_DISPLACED_SECONDS = 60.0  # 30 to 60 s with jitter: the other client gains tenure in 10 s
_WAKES = 4096  # the most wake-ups that are read at once; together, they wake the thread once


class NetworkLoop:
    """Keeps a connection to the broker from ``start`` until ``stop``.

    Each attempt to connect uses a new client from ``new_client``. The pauses between attempts
    grow from ``first_pause`` to ``longest_pause`` seconds. They are jittered, so that clients do
    not all reconnect at once. A displaced client (see Tenure) waits for 30 to 60 s
    between attempts. ``on_failure()`` is called after each failed attempt to reach the broker.
    While the client is connected, ``on_turn()`` is called after each read, and at least every
    2.5 s.
    """

    def __init__(
        self,
        new_client: Callable[[], BusClient],
        *,
        first_pause: float,
        longest_pause: float,
        tenure: Tenure,
        on_failure: Callable[[], None],
        on_turn: Callable[[], None],
        gather: float = 0.0,
    ) -> None:
        """Prepare the thread; nothing is sent before ``start``.

        To save CPU time, a message may wait up to ``gather`` seconds, so that several messages are
        read together.
        """
        self._new_client = new_client
        self._client = new_client()
        self._backoff = Backoff(first_pause, longest_pause)
        self._displaced = Backoff(_DISPLACED_SECONDS, _DISPLACED_SECONDS)
        self._tenure = tenure
        self._on_failure = on_failure
        self._on_turn = on_turn
        self._gather = gather
        self._stopping = threading.Event()
        self._waker: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread, which connects."""
        self._waker, woken = socket.socketpair()
        self._thread = threading.Thread(
            target=self._run, args=(self._waker, woken), name="bus", daemon=True
        )
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Disconnect cleanly. If the broker hangs, abandon the thread after ``seconds``."""
        self._stopping.set()
        self._client.disconnect()
        self._wake()
        if self._thread is not None:
            self._thread.join(seconds)

    def _wake(self, *_: object) -> None:
        if self._waker is not None:
            with contextlib.suppress(OSError):  # the thread is already awake, or has ended
                self._waker.send(b"\0")

    def _run(self, waker: socket.socket, woken: socket.socket) -> None:
        waker.settimeout(0)
        woken.settimeout(0)
        with waker, woken:
            while not self._stopping.is_set():
                self._client.on_socket_register_write = self._wake
                try:
                    self._client.reconnect()
                except (OSError, ValueError) as error:  # ValueError if the host name is not valid
                    if self._stopping.is_set():  # the owner may have started another loop
                        return
                    if isinstance(error, ConnectionRefusedError):
                        self._tenure.reset()
                    self._on_failure()
                else:
                    if self._serve(woken):
                        self._backoff.reset()
                backoff = self._displaced if self._tenure.displaced else self._backoff
                if not self._stopping.wait(backoff.next_delay()):
                    self._client = self._new_client()

    def _serve(self, woken: socket.socket) -> bool:
        """Serve one connection until it ends; return whether the broker accepted it."""
        client, accepted = self._client, False
        connection: Any = client.socket()
        if connection is None:
            return False
        if self._stopping.is_set():
            client.disconnect()  # again, because ``stop`` ran before the connection
        number = connection.fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(woken, selectors.EVENT_READ)
            selector.register(number, selectors.EVENT_READ)
            while client.socket() is connection:
                events = selectors.EVENT_READ
                if client.want_write():
                    events |= selectors.EVENT_WRITE
                if selector.get_key(number).events != events:
                    selector.modify(number, events)
                decrypted = isinstance(connection, ssl.SSLSocket) and connection.pending() > 0
                ready = selector.select(0 if decrypted else client.keepalive / _KEEPALIVE_CHECKS)
                readable = {key.fd for key, mask in ready if mask & selectors.EVENT_READ}
                if number in readable and self._gather and not client.may_have_more:
                    self._stopping.wait(self._gather)
                if is_woken := woken.fileno() in readable:
                    woken.recv(_WAKES)
                is_alive = self._exchange(read=decrypted or number in readable, write=is_woken)
                self._on_turn()
                if not is_alive:
                    break
                accepted = accepted or client.is_connected()
        return accepted

    def _exchange(self, *, read: bool, write: bool) -> bool:
        """Read, write, then check the keepalive; return False if the connection is lost.

        If this thread was woken, set ``write`` even if nothing is left to write: paho wakes the
        thread again only after a write.
        """
        client = self._client
        steps: list[Callable[[], MQTTErrorCode]] = [client.loop_read] if read else []
        if write or client.want_write():
            steps.append(client.loop_write)
        steps.append(client.loop_misc)
        return all(step() == MQTTErrorCode.MQTT_ERR_SUCCESS for step in steps)
