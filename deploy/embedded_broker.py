"""The embedded MQTT broker: rumqttd in a child process, restarted when it dies."""

import contextlib
import json
import logging
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from deploy.broker_probe import accepts_clients
from deploy.ports import require_free_port
from telemetry.errors import SettingsError
from telemetry.reports import Report, counter
from telemetry.samples import MAX_PAYLOAD_BYTES
from telemetry.settings import ENVIRONMENT_PREFIX, reachable

log = logging.getLogger(__name__)

_START_SECONDS = 10.0
_STOP_SECONDS = 0.5
_POLL_SECONDS = 0.02
_PROBE_PAUSE_SECONDS = 5.0
_PROBE_SECONDS = 5.0
_PAUSES_SECONDS = (0.1, 0.5, 2.0, 5.0)  # before the first, second, … consecutive restart
_HEALTHY_SECONDS = 30.0  # a broker that ran this long resets the count of failures

# The commit log of each subscription holds 16 segments of 1 MiB: an hour of a machine with eight
# GPUs (about 4 kB a tick) fits there during an outage of the history store.
_CONFIGURATION = """\
id = 0

[router]
id = 0
max_connections = 2000
max_outgoing_packet_count = 200
max_segment_size = 1048576
max_segment_count = 16

[v4.1]
name = "mqtt"
listen = "{listen}"
next_connection_delay_ms = 1
    [v4.1.connections]
    connection_timeout_ms = 60000
    max_payload_size = {max_payload_size}
    max_inflight_count = 200
    dynamic_filters = true
"""
_LOGIN = """\
        [v4.1.connections.auth]
        {user} = {password}
"""


class EmbeddedBroker:
    """MQTT 3.1.1 on one port. Its messages are in memory and are lost when its process dies."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        login: tuple[str, str] | None = None,
        probe_pause: float = _PROBE_PAUSE_SECONDS,
    ) -> None:
        """Prepare a broker that listens on ``host`` and ``port``.

        ``login`` is the user name and password that clients must use. A probe checks every
        ``probe_pause`` seconds that the broker still accepts clients.
        """
        self.host = host
        self.port = port
        self.restarts = 0
        self._login = login
        self._probe_pause = probe_pause
        self._process: subprocess.Popen[bytes] | None = None
        self._has_served: subprocess.Popen[bytes] | None = None
        self._spawned = 0.0
        self._configuration: Path | None = None
        self._stopping = threading.Event()
        self._spawning = threading.Lock()

    @property
    def process_id(self) -> int | None:
        """The process id of the broker's current child process."""
        return self._process.pid if self._process else None

    def report(self) -> Report:
        """Return how often the broker was restarted."""
        process = self._process
        runs = process is not None and process.poll() is None
        return Report(
            "broker",
            None if runs else "The embedded broker is restarting.",
            (counter("restarts", "Starts after the first", self.restarts),),
        )

    def start(self) -> None:
        """Start the broker and return once it accepts clients.

        Raises SettingsError if the port is in use or the address is not of this machine.
        """
        require_free_port(self.host, self.port, "mqtt")
        try:
            self._spawn()
        except OSError as error:
            raise SettingsError(f"The embedded broker cannot be started: {error}.") from None
        self._wait_until_serving()
        for task in (self._restart_when_ended, self._watch_health):
            threading.Thread(target=task, name=f"broker{task.__name__}", daemon=True).start()

    def stop(self) -> None:
        """Stop the broker. Safe to call twice, and before ``start``."""
        with self._spawning:
            self._stopping.set()
            process = self._process
        if process is not None:
            if process.stdin is not None:
                process.stdin.close()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._remove_configuration()

    def _spawn(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        self._spawned = time.monotonic()
        # PYTHONPATH: the child imports the same modules as this process, not a user's `deploy`.
        self._process = subprocess.Popen(  # noqa: S603 - our own module with our own file
            [sys.executable, "-P", "-m", "deploy.broker_process", str(self._new_configuration())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # rumqttd logs the span of each packet as an error
            start_new_session=True,  # only the parent handles Ctrl-C
            env=_without_settings(os.environ) | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )

    def _new_configuration(self) -> Path:
        """Write a file for the next process, which removes it: old files in /tmp may be deleted."""
        self._remove_configuration()
        # rumqttd accepts addresses, not names.
        address = f"[{self.host}]" if ":" in self.host else socket.gethostbyname(self.host)
        listen = f"{address}:{self.port}"
        descriptor, name = tempfile.mkstemp(prefix="system-monitor-", suffix=".toml")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(_CONFIGURATION.format(listen=listen, max_payload_size=MAX_PAYLOAD_BYTES))
            if self._login is not None:
                user, password = map(_toml_text, self._login)
                file.write(_LOGIN.format(user=user, password=password))
        self._configuration = Path(name)
        return self._configuration

    def _remove_configuration(self) -> None:
        if self._configuration is not None:
            self._configuration.unlink(missing_ok=True)

    def _serves(self) -> bool:
        return accepts_clients(reachable(self.host), self.port, _PROBE_SECONDS, self._login)

    def _wait_until_serving(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process and self._process.poll() is None:
            if self._serves():
                self._has_served = self._process
                return
            time.sleep(_POLL_SECONDS)
        self.stop()
        raise SettingsError(f"The embedded broker did not start on {self.host}:{self.port}.")

    def _restart_when_ended(self) -> None:
        failures = 0
        while self._process is not None:
            started = time.monotonic()
            code = self._process.wait()
            if self._stopping.is_set():
                return
            failures = 0 if time.monotonic() - started > _HEALTHY_SECONDS else failures
            pause = _PAUSES_SECONDS[min(failures, len(_PAUSES_SECONDS) - 1)]
            log.warning("The embedded broker ended (exit code %s); restarting it.", code)
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
            if self._serves():
                self._has_served = process
                continue
            if self._is_starting(process) or self._stopping.wait(self._probe_pause / 5):
                continue
            if process is not None and process is self._process and not self._serves():
                log.warning("The embedded broker no longer accepts clients; killing it.")
                process.kill()

    def _is_starting(self, process: subprocess.Popen[bytes] | None) -> bool:
        young = time.monotonic() - self._spawned < _START_SECONDS
        return young and process is not self._has_served


def _toml_text(text: str) -> str:
    # JSON and TOML differ only in control characters, which the settings do not allow.
    return json.dumps(text, ensure_ascii=False)


def _without_settings(variables: Mapping[str, str]) -> dict[str, str]:
    """Return ``variables`` without our settings: the broker must not see the others' secrets."""
    return {
        name: value
        for name, value in variables.items()
        if not name.upper().startswith(ENVIRONMENT_PREFIX)
    }
