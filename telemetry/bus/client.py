"""Creates the paho client of a connection."""

import hashlib
import socket
import ssl

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from telemetry.bus.address import BrokerAddress
from telemetry.bus.messages import AT_LEAST_ONCE, LastWill
from telemetry.errors import SettingsError

_CONNECT_TIMEOUT_SECONDS = 5.0
_PASSWORD_ROUNDS = 100_000  # the broker may log the ID; trying one password takes 50 ms
_KEEPALIVE_SECONDS = 10  # a half-open connection is detected within twice this time


def new_client(
    address: BrokerAddress,
    client_id: str,
    *,
    tls: ssl.SSLContext | None,
    keep_session: bool,
    manual_acknowledgement: bool,
    last_will: LastWill | None,
) -> Client:
    """Return a client for the broker at ``address``, without callbacks and not connected."""
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        clean_session=not keep_session,
        manual_ack=manual_acknowledgement,
        protocol=MQTTProtocolVersion.MQTTv311,
    )
    if tls is not None:
        client.tls_set_context(tls)
    if address.username is not None:
        client.username_pw_set(address.username, address.password)
    if last_will is not None:
        client.will_set(last_will.topic, last_will.payload, AT_LEAST_ONCE, retain=True)
    client.connect_timeout = _CONNECT_TIMEOUT_SECONDS
    client.on_socket_open = _send_at_once
    client.connect_async(address.host, address.port, _KEEPALIVE_SECONDS)
    return client


def bound_client_id(client_id: str, password: str | None) -> str:
    """Return a client ID that cannot be guessed without ``password``, if there is one.

    Otherwise any user of the broker could connect with that ID and take over the session.
    """
    if password is None:
        return client_id
    key = hashlib.pbkdf2_hmac("sha256", password.encode(), client_id.encode(), _PASSWORD_ROUNDS)
    return f"{client_id}-{key.hex()[:16]}"


def tls_context(address: BrokerAddress) -> ssl.SSLContext | None:
    """Return the TLS context for connections to ``address``, or None if it does not use TLS.

    Raises SettingsError if a TLS file is not usable.
    """
    if not address.tls:
        return None
    try:
        return address.tls_files.context()
    except ValueError as error:
        raise SettingsError(f"{error}.") from None


def _send_at_once(_client: Client, _data: object, connection: object) -> None:
    # Otherwise Nagle's algorithm delays small messages: 40 ms on loopback.
    if isinstance(connection, socket.socket):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
