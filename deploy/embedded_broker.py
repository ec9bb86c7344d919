"""The embedded MQTT broker: rumqttd in a child process, started again when it dies."""

import contextlib
import logging
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from deploy.ports import require_free_port
from telemetry.errors import SettingsError
from telemetry.samples import MAX_PAYLOAD_BYTES

log = logging.getLogger(__name__)

_START_SECONDS = 10.0
_STOP_SECONDS = 0.5
_POLL_SECONDS = 0.02
_PAUSES_SECONDS = (0.1, 0.5, 2.0, 5.0)  # before the first, second, … restart in a row
_HEALTHY_SECONDS = 30.0  # a broker that ran this long is not in a row of failures

# The commit log of each subscription holds 16 segments of 1 MiB: an hour of a machine with eight
# GPUs (about 4 kB a tick) waits there while the history store is away.
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


class EmbeddedBroker:
    """MQTT 3.1.1 on one port; what it holds is in memory and gone when its process dies."""

    def __init__(self, host: str, port: int) -> None:
        """Prepare a broker that listens on ``host`` and ``port``."""
        self.host = host
        self.port = port
        self.restarts = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._spawning = threading.Lock()
        self._resources = contextlib.ExitStack()

    @property
    def process_id(self) -> int | None:
        """The process id of the broker's present child process."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the broker and return once it accepts connections.

        Raises SettingsError where the port is taken or the address is not this machine's.
        """
        require_free_port(
            self.host,
            self.port,
            "choose another port for the embedded broker with --mqtt-port, or use the broker that "
            f"is there with --mqtt-url mqtt://{self.host}:{self.port}",
        )
        folder = self._resources.enter_context(
            tempfile.TemporaryDirectory(prefix="system-monitor-")
        )
        address = f"[{self.host}]" if ":" in self.host else self._numeric_host()
        text = _CONFIGURATION.format(
            listen=f"{address}:{self.port}", max_payload_size=MAX_PAYLOAD_BYTES
        )
        self._config_file = Path(folder) / "broker.toml"
        self._config_file.write_text(text)
        self._spawn()
        self._wait_until_it_listens()
        threading.Thread(target=self._keep_alive, name="broker-keeper", daemon=True).start()

    def stop(self) -> None:
        """Stop the broker. Safe to call twice, and before ``start``."""
        with self._spawning:
            self._stopping.set()
            process = self._process
        if process is not None:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdin is not None:
                process.stdin.close()
        self._resources.close()

    def _numeric_host(self) -> str:
        return socket.gethostbyname(self.host)  # rumqttd takes addresses, not names

    def _spawn(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        self._process = subprocess.Popen(  # noqa: S603 - our own module with our own file
            [sys.executable, "-P", "-m", "deploy.broker_process", str(self._config_file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # rumqttd logs each packet's span as an error
            start_new_session=True,  # Ctrl-C is the parent's to handle
        )

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        while time.monotonic() < deadline and self._process and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection((host, self.port), 1.0):
                return
            time.sleep(_POLL_SECONDS)
        self.stop()
        raise SettingsError(f"The embedded broker did not start on {self.host}:{self.port}.")

    def _keep_alive(self) -> None:
        failures = 0
        while self._process is not None:
            started = time.monotonic()
            code = self._process.wait()
            if self._stopping.is_set():
                return
            failures = 0 if time.monotonic() - started > _HEALTHY_SECONDS else failures
            pause = _PAUSES_SECONDS[min(failures, len(_PAUSES_SECONDS) - 1)]
            log.warning("The embedded broker ended (exit code %s); it is started again.", code)
            self._stopping.wait(pause)
            with self._spawning:
                if self._stopping.is_set():
                    return
                failures += 1
                self.restarts += 1
                self._spawn()
