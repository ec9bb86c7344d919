"""A real Mosquitto that requires a client certificate and a password."""

import contextlib
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.services.availability import find_mosquitto, unavailable
from tests.services.certificates import Pair
from tests.services.processes import ServerProcess, free_port

USER = "gpu-07"
PASSWORD = "correct horse/battery:staple"  # noqa: S105 - of a broker that lives for some tests


@dataclass(frozen=True)
class SecuredMosquitto:
    """MQTT over TLS on ``127.0.0.1:port``."""

    port: int
    authority: Pair
    client: Pair
    log: Path

    @property
    def url(self) -> str:
        """Its address."""
        return f"mqtts://127.0.0.1:{self.port}"


@contextlib.contextmanager
def running_secured_mosquitto(folder: Path) -> Iterator[SecuredMosquitto]:
    """Run it with its files in ``folder``; skip or fail if none is installed."""
    program = find_mosquitto()
    if program is None or shutil.which("mosquitto_passwd") is None:
        unavailable("mosquitto")
    authority = Pair.authority(folder, "authority")
    server = Pair.issued(authority, folder, "server")
    port, passwords = free_port(), folder / "passwords"
    add = ["mosquitto_passwd", "-b", "-c", str(passwords), USER, PASSWORD]
    subprocess.run(add, check=True, capture_output=True)
    configuration = folder / "mosquitto.conf"
    configuration.write_text(
        f"listener {port} 127.0.0.1\n"
        f"cafile {authority.certificate}\n"
        f"certfile {server.certificate}\n"
        f"keyfile {server.key}\n"
        "require_certificate true\n"
        "allow_anonymous false\n"
        f"password_file {passwords}\n"
        "user root\n"  # the default user could not read the tests' folder
        "log_dest stderr\n"
    )
    log = folder / "mosquitto.log"
    process = ServerProcess([program, "-c", str(configuration)], log, lambda: _listens(port))
    process.start()
    try:
        client = Pair.issued(authority, folder, "client")
        yield SecuredMosquitto(port, authority, client, log)
    finally:
        process.stop()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
