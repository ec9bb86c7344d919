"""Mosquitto 2 as the embedded broker. It saves its queues to disk, so they survive a restart."""

import base64
import contextlib
import hashlib
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from deploy.broker_listeners import Listeners
from deploy.broker_program import Login
from telemetry.errors import SettingsError
from telemetry.samples import MAX_PAYLOAD_BYTES

_OUTPUT_SECONDS = 5.0
_WEBSOCKET_VERSION = (
    2,
    0,
    12,
)  # older ones open WebSocket to other machines
_SBIN = "/usr/sbin:/usr/local/sbin:/sbin"  # Debian installs it there, off an ordinary user's PATH
_ITERATIONS = 101  # as mosquitto_passwd; the file exists only while the broker starts
# Mosquitto wakes every 0.1 s, even if it has nothing to do; a delay halves its CPU time when idle.
# Messages over TCP wake it at once; over WebSocket, it sends a part of a message at each wake-up.
_SLACK_NANOSECONDS = 400_000_000
_SALT_BYTES = 12  # Mosquitto 2.0 accepts no other length
_MAX_TOPIC_BYTES = 65_535

# As in deploy/mosquitto/mosquitto.conf, where the limits are explained. The queues are saved every
# 5 s, and after a crash of the broker the collector sends the 10 s before the crash again.
_CONFIGURATION = """\
{listeners}
allow_anonymous {anonymous}
{password_file}
user root
persistence true
persistence_location {folder}/
autosave_interval 5
max_queued_messages 200000
max_queued_bytes 268435456
max_inflight_messages 1000
persistent_client_expiration 1d
max_connections 2000
message_size_limit {max_payload_size}
max_packet_size {max_packet_size}
set_tcp_nodelay true
log_dest none
"""


class Mosquitto:
    """Mosquitto, which saves its messages in a folder every 5 s and when it ends."""

    one_port = True
    keeps_messages = True
    end_signal = signal.SIGINT

    def __init__(self, program: str, version: str, folder: Path, *, websockets: bool) -> None:
        """Let ``program`` save its queues in ``folder``, which ``prepare`` creates."""
        self.description = f"Mosquitto {version}{'' if websockets else ', without WebSocket'}"
        self.websockets = websockets
        self._program = program
        self._folder = folder
        self._configuration: Path | None = None

    def prepare(self, listeners: Listeners, login: Login | None) -> Sequence[str]:
        """Write the configuration, readable only by this user; return the broker's command line."""
        self.tidy()
        with contextlib.suppress(OSError):  # without it, the queues are in memory only
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._configuration = Path(tempfile.mkdtemp(prefix="system-monitor-"))
        passwords = self._configuration / "passwords"
        if login is not None:
            passwords.write_text(_password_line(*login), encoding="utf-8")
            passwords.chmod(0o600)
        file = self._configuration / "mosquitto.conf"
        file.write_text(
            _CONFIGURATION.format(
                listeners="\n".join(_listener_lines(listeners)),
                anonymous="false" if login else "true",
                password_file=f"password_file {passwords}" if login else "",
                folder=self._folder,
                max_payload_size=MAX_PAYLOAD_BYTES,
                max_packet_size=MAX_PAYLOAD_BYTES + _MAX_TOPIC_BYTES,
            ),
            encoding="utf-8",
        )
        slack = 0 if listeners.websocket else _SLACK_NANOSECONDS
        bound = [sys.executable, "-P", "-m", "deploy.bound_process", str(os.getpid()), str(slack)]
        return [*bound, self._program, "-c", str(file)]

    def discard_messages(self) -> None:
        """Delete the file in which Mosquitto saves messages."""
        with contextlib.suppress(OSError):  # a folder that cannot be written has no such file
            (self._folder / "mosquitto.db").unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove the configuration, which Mosquitto reads only when it starts."""
        if self._configuration is not None:
            shutil.rmtree(self._configuration, ignore_errors=True)


def find(folder: Path) -> Mosquitto | None:
    """Return this machine's Mosquitto 2, or None if it is missing or unusable.

    The result is always None on systems other than Linux, where Mosquitto would keep running if
    this process were killed.
    """
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path=_SBIN)
    if program is None or sys.platform != "linux":
        return None
    version = _version(program)
    if version is None:
        return None
    websockets = _numbers(version) >= _WEBSOCKET_VERSION and _has_websockets(program)
    return Mosquitto(program, version, folder, websockets=websockets)


def _version(program: str) -> str | None:
    """Return the version if it is 2.x, else None: other major versions are not tested."""
    match = re.search(rb"version (2(?:\.\d+)+)", _output(program, "-h"))
    return match[1].decode() if match else None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _has_websockets(program: str) -> bool:
    """Return whether ``program`` was built with WebSocket support."""
    # With it, Mosquitto accepts the second line and reports only the last one.
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write("listener 1884 127.0.0.1\nprotocol websockets\nunknown_option\n")
        file.flush()
        return b"unknown_option" in _output(program, "-c", file.name)


def _output(program: str, *arguments: str) -> bytes:
    """Return the output of ``program``, or nothing if it cannot be run or takes more than 5 s."""
    try:
        return subprocess.run(  # noqa: S603 - the program that would be started anyway
            [program, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_OUTPUT_SECONDS,
            check=False,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return b""


def _listener_lines(listeners: Listeners) -> list[str]:
    protocols = {"mqtt5": "mqtt", "websocket": "websockets"}
    lines = [f"listener {listeners.mqtt} {listeners.host}"]
    for name, port in listeners.extra().items():
        lines += [f"listener {port} {listeners.host}", f"protocol {protocols[name]}"]
    return lines


def _password_line(user: str, password: str) -> str:
    """Return a line of a password file, as mosquitto_passwd would write it."""
    if ":" in user or user.startswith("#"):
        raise SettingsError(
            "mqtt_user contains a colon or begins with #, which Mosquitto's password file does not "
            "allow: choose another name, or set embedded_broker to bundled."
        )
    salt = secrets.token_bytes(_SALT_BYTES)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    encoded = [base64.b64encode(each).decode() for each in (salt, key)]
    return f"{user}:$7${_ITERATIONS}${'$'.join(encoded)}\n"
