"""The commands on docs/notices.md send to stand-ins for the services that they name."""

import ssl
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.deploy.monitor import COMMAND, SECONDS, environment
from tests.docs.examples import examples, require_shown
from tests.services.availability import find_program
from tests.services.certificates import Pair
from tests.services.in_thread import served

SERVICES = ("ntfy.sh", "hooks.slack.com")
COMMANDS = list(examples("docs/notices.md"))


class Service(BaseHTTPRequestHandler):
    """Accepts each message, as the services do."""

    server: "Internet"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(f"{self.headers['Host']}{self.path}")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_arguments: object) -> None:
        """Write nothing."""


class Tunnel(Service):
    """A proxy that does not connect to the service, but takes its place, with TLS."""

    def do_CONNECT(self) -> None:
        self.send_response(200)
        self.end_headers()
        with self.server.tls.wrap_socket(self.connection, server_side=True) as connection:
            Service(connection, self.client_address, self.server)
        self.close_connection = True


class Internet(ThreadingHTTPServer):
    """Every server of the internet, with ``certificate``."""

    def __init__(self, certificate: Pair) -> None:
        super().__init__(("127.0.0.1", 0), Tunnel)
        self.received: list[str] = []
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate.certificate, certificate.key)


@pytest.fixture
def certificate(tmp_path: Path) -> Pair:
    find_program("openssl")
    return Pair.of_servers(tmp_path, *SERVICES)


@pytest.fixture
def internet(certificate: Pair) -> Iterator[Internet]:
    server = Internet(certificate)
    with served(server):
        yield server


def test_a_test_notice_reaches_the_services_on_the_page(
    internet: Internet, certificate: Pair, tmp_path: Path
) -> None:
    file, test, up = COMMANDS
    assert file.command.removeprefix("cat ") in test.command
    assert test.command.removeprefix("system-monitor notify --test") in up.command
    targets = tmp_path / file.command.removeprefix("cat ~/")
    targets.parent.mkdir(parents=True)
    targets.write_text(file.shown)
    proxy = {
        "HTTPS_PROXY": f"http://127.0.0.1:{internet.server_port}",
        "REQUESTS_CA_BUNDLE": str(certificate.certificate),
        "NO_PROXY": "",
        "PATH": f"{Path(COMMAND).parent}:/usr/bin:/bin",
    }
    done = subprocess.run(
        ["bash", "-c", test.command],
        capture_output=True,
        text=True,
        env=environment(tmp_path, **proxy, **{name.lower(): each for name, each in proxy.items()}),
        timeout=SECONDS,
        check=False,
    )
    require_shown(test.shown, done)
    assert sorted(internet.received) == [
        "hooks.slack.com/services/TokenA/TokenB/TokenC",
        "ntfy.sh/",
    ]
