"""Whether a broker takes clients: a port can be open although nobody serves it any more."""

import socket

# MQTT 3.1.1: a CONNECT of a clean session without a name, the CONNACK that accepts it, DISCONNECT.
_CONNECT = b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00"
_ACCEPTED = b"\x20\x02\x00\x00"
_DISCONNECT = b"\xe0\x00"


def takes_clients(host: str, port: int, seconds: float) -> bool:
    """Return whether a client without a login is accepted within ``seconds``."""
    try:
        with socket.create_connection((host, port), seconds) as connection:
            connection.sendall(_CONNECT)
            if connection.recv(len(_ACCEPTED)) != _ACCEPTED:
                return False
            connection.sendall(_DISCONNECT)
    except OSError:
        return False
    return True
