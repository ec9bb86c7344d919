"""Creates the paho client of a connection."""

import socket
import ssl

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from telemetry.bus.address import BrokerAddress
from telemetry.bus.messages import AT_LEAST_ONCE, LastWill
from telemetry.errors import SettingsError

_CONNECT_TIMEOUT_SECONDS = 5.0


def new_client(
    address: BrokerAddress,
    client_id: str,
    *,
    keep_session: bool,
    manual_acknowledgement: bool,
    last_will: LastWill | None,
) -> Client:
    """Return a client for the broker at ``address``, without callbacks and not connected.

    Raises SettingsError if a TLS file is not usable.
    """
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        clean_session=not keep_session,
        manual_ack=manual_acknowledgement,
        protocol=MQTTProtocolVersion.MQTTv311,
    )
    if address.tls:
        client.tls_set_context(_tls_context(address))
    if address.username is not None:
        client.username_pw_set(address.username, address.password)
    if last_will is not None:
        client.will_set(last_will.topic, last_will.payload, AT_LEAST_ONCE, retain=True)
    client.connect_timeout = _CONNECT_TIMEOUT_SECONDS
    client.on_socket_open = _send_at_once
    return client


def _tls_context(address: BrokerAddress) -> ssl.SSLContext:
    try:
        return address.tls_files.context()
    except ValueError as error:
        raise SettingsError(f"{error}.") from None


def _send_at_once(_client: Client, _data: object, connection: object) -> None:
    # Otherwise Nagle's algorithm delays small messages: 40 ms on loopback.
    if isinstance(connection, socket.socket):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
