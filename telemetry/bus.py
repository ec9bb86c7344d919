"""The connection to the MQTT broker."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where a broker is and how to log in."""

    host: str
    port: int
    tls: bool = False
    username: str | None = None
    password: str | None = None

    def masked(self) -> str:
        """Return the address as a URL with the password masked."""
        login = "" if self.username is None else self.username
        if self.password is not None:
            login += ":********"
        scheme = "mqtts" if self.tls else "mqtt"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{login}{'@' if login else ''}{host}:{self.port}"

    def __repr__(self) -> str:
        """Show no password."""
        return f"BrokerAddress({self.masked()})"
