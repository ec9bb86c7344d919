"""Runs the embedded MQTT broker as a child process, and restarts it when it ends."""

import contextlib
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping

from deploy import broker_memory
from deploy.broker_listeners import Listeners
from deploy.broker_probe import accepts_clients, listens
from deploy.broker_program import BrokerProgram, Login
from deploy.broker_rumqttd import Rumqttd
from deploy.ports import require_free_port
from telemetry.errors import SettingsError
from telemetry.reports import Report, counter
from telemetry.settings import ENVIRONMENT_PREFIX, reachable

log = logging.getLogger(__name__)

_START_SECONDS = 10.0
_STOP_SECONDS = 0.5
_SAVE_SECONDS = 1.0  # a broker that keeps its messages saves them first
_OTHER_PORTS_SECONDS = 2.0
_POLL_SECONDS = 0.02
_PROBE_PAUSE_SECONDS = 5.0
_PROBE_SECONDS = 5.0
_PAUSES_SECONDS = (0.1, 0.5, 2.0, 5.0)  # before the first, second, … consecutive restart
_HEALTHY_SECONDS = 30.0  # a broker that ran this long resets the count of failures


class EmbeddedBroker:
    """The embedded broker, which runs as a child process."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        login: Login | None = None,
        program: BrokerProgram | None = None,
        mqtt5_port: int = 0,
        websocket_port: int = 0,
        probe_pause: float = _PROBE_PAUSE_SECONDS,
    ) -> None:
        """Prepare a broker that serves MQTT 3.1.1 on ``host`` and ``port``.

        ``mqtt5_port`` and ``websocket_port`` are the ports for MQTT 5 and for MQTT over WebSocket;
        0 means no separate port, and ``mqtt5_port`` may equal ``port``. If one of these two ports
        differs from ``port`` and is in use when the broker starts, the broker uses a free port
        instead. ``listeners`` contains the ports that the broker actually uses.

        ``login`` is the user name and password that clients must use. The default ``program`` is
        the bundled broker, rumqttd. A probe checks every ``probe_pause`` seconds that the broker
        still accepts clients.
        """
        self.host = host
        self.port = port
        self.listeners = Listeners(host, port, mqtt5_port, websocket_port)
        self.restarts = 0
        self.memory_exhausted = 0
        self._discards = False  # whether the next process starts without saved messages
        self._login = login
        self._program = program or Rumqttd()
        self._probe_pause = probe_pause
        self._process: subprocess.Popen[bytes] | None = None
        self._has_served: subprocess.Popen[bytes] | None = None
        self._spawned = 0.0
        self._stopping = threading.Event()
        self._spawning = threading.Lock()

    @property
    def description(self) -> str:
        """The broker program as shown to the user, such as ``rumqttd`` or ``Mosquitto 2.0.18``."""
        return self._program.description

    @property
    def keeps_messages(self) -> bool:
        """Whether messages that wait for a client survive a broker restart."""
        return self._program.keeps_messages

    @property
    def process_id(self) -> int | None:
        """The process id of the broker; None before ``start``."""
        return self._process.pid if self._process else None

    def report(self) -> Report:
        """Return the broker's state, its number of restarts, and a note if it ran out of memory."""
        process = self._process
        runs = process is not None and process.poll() is None
        return Report(
            "broker",
            None if runs else "The embedded broker is restarting.",
            (counter("restarts", "Restarts of the embedded broker", self.restarts),),
            (self._exhaustion(),) if self.memory_exhausted else (),
        )

    def start(self) -> None:
        """Start the broker and return once it accepts clients.

        Raises SettingsError if the broker cannot be started, or does not accept clients in time.
        """
        require_free_port(self.host, self.port, "mqtt")
        try:
            self._spawn()
        except OSError as error:
            raise SettingsError(f"The embedded broker cannot be started: {error}.") from None
        self._wait_until_serving()
        self._wait_for_other_ports()
        for task in (self._restart_when_ended, self._watch_health):
            threading.Thread(target=task, name=f"broker{task.__name__}", daemon=True).start()

    def stop(self) -> None:
        """Stop the broker. Safe to call twice, and before ``start``."""
        with self._spawning:
            self._stopping.set()
            process = self._process
        if process is not None:
            self._end(process)
        self._program.tidy()

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdin is not None:
            process.stdin.close()
        if self._program.end_signal is not None:
            process.send_signal(self._program.end_signal)
            listens(reachable(self.host), self.port)  # a connection wakes it to handle the signal
        try:
            process.wait(_SAVE_SECONDS if self.keeps_messages else _STOP_SECONDS)
        except subprocess.TimeoutExpired:
            if self.keeps_messages:
                return  # it still saves them, and then ends
            process.kill()
            process.wait()

    def _spawn(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        self._spawned = time.monotonic()
        self.listeners = self.listeners.on_free_ports()
        command = self._program.prepare(self.listeners, self._login)
        # PYTHONPATH: the child imports the same modules as this process, not a user's `deploy`.
        self._process = subprocess.Popen(  # noqa: S603 - the program's own command
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # rumqttd logs the span of each packet as an error
            start_new_session=True,  # only the parent handles Ctrl-C
            env=_without_settings(os.environ) | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        broker_memory.limit(self._process.pid)

    def _serves(self) -> bool:
        return accepts_clients(reachable(self.host), self.port, _PROBE_SECONDS, self._login)

    def _wait_until_serving(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process and self._process.poll() is None:
            if self._serves():
                self._has_served = self._process
                self._program.tidy()
                return
            time.sleep(_POLL_SECONDS)
        self.stop()
        raise SettingsError(f"The embedded broker did not start on {self.host}:{self.port}.")

    def _wait_for_other_ports(self) -> None:
        deadline = time.monotonic() + _OTHER_PORTS_SECONDS
        for name, port in self.listeners.extra().items():
            while not listens(reachable(self.host), port):
                if time.monotonic() > deadline:
                    log.warning("The embedded broker does not listen on port %d (%s).", port, name)
                    self.listeners = self.listeners.with_ports({name: 0})
                    break
                time.sleep(_POLL_SECONDS)

    def _restart_when_ended(self) -> None:
        failures = 0
        while self._process is not None:
            started = time.monotonic()
            code = self._process.wait()
            if self._stopping.is_set():
                return
            if code == broker_memory.ABORTED:
                self._note_exhausted()
            if self._discards:
                self._discards = False
                self._program.discard_messages()
            failures = 0 if time.monotonic() - started > _HEALTHY_SECONDS else failures
            pause = _PAUSES_SECONDS[min(failures, len(_PAUSES_SECONDS) - 1)]
            log.warning("The embedded broker exited with code %s; restarting it.", code)
            self._stopping.wait(pause)
            with self._spawning:
                if self._stopping.is_set():
                    return
                failures += 1
                self.restarts += 1
                with contextlib.suppress(OSError):  # no memory or disk space: the loop tries again
                    self._spawn()

    def _watch_health(self) -> None:
        # rumqttd rejects a client whose id contains '+', '#' or '$'. When the client tries again,
        # rumqttd panics; its process keeps running but serves no client.
        while not self._stopping.wait(self._probe_pause):
            process = self._process
            if process is None or process.poll() is not None:
                continue
            if broker_memory.is_exhausted(process.pid):
                self._note_exhausted()
                process.kill()
                continue
            if self._serves():
                self._has_served = process
                self._program.tidy()
                continue
            if self._is_starting(process) or self._stopping.wait(self._probe_pause / 5):
                continue
            if process is self._process and not self._serves():
                log.warning("The embedded broker no longer accepts clients; killing it.")
                process.kill()

    def _note_exhausted(self) -> None:
        self.memory_exhausted += 1
        self._discards = True
        log.warning(self._exhaustion())

    def _exhaustion(self) -> str:
        megabytes = broker_memory.LIMIT_BYTES // 10**6
        return (
            f"The embedded broker reached its memory limit of {megabytes} MB and was restarted "
            "without its retained messages and queues: find the client that publishes too much, or "
            "that does not read the messages it subscribes to. Restarts for this reason so far: "
            f"{self.memory_exhausted}."
        )

    def _is_starting(self, process: subprocess.Popen[bytes] | None) -> bool:
        young = time.monotonic() - self._spawned < _START_SECONDS
        return young and process is not self._has_served


def _without_settings(variables: Mapping[str, str]) -> dict[str, str]:
    """Return ``variables`` without our settings, which may contain other parts' secrets."""
    return {
        name: value
        for name, value in variables.items()
        if not name.upper().startswith(ENVIRONMENT_PREFIX)
    }
