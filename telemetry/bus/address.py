"""The address of the MQTT broker.

The settings import this module, so it must not import an MQTT library, which is slow to load.
"""

from dataclasses import dataclass, field

from telemetry.bus.tls import TlsFiles


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """A broker's address and login. The ``tls_files`` are used only if ``tls`` is true."""

    host: str
    port: int
    tls: bool = False
    username: str | None = None
    password: str | None = None
    tls_files: TlsFiles = field(default_factory=TlsFiles)

    def masked(self) -> str:
        """Return the address as a URL with the password masked."""
        login = "" if self.username is None else self.username
        if self.password is not None:
            login += ":********"
        scheme = "mqtts" if self.tls else "mqtt"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{login}{'@' if login else ''}{host}:{self.port}"

    def __repr__(self) -> str:
        """Hide the password."""
        return f"BrokerAddress({self.masked()})"
