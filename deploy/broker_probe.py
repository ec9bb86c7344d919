"""Checks that a broker accepts clients.

An open port does not prove this: a broker that no longer responds keeps its port open.
"""

import socket

# MQTT 3.1.1: CONNECT, the CONNACK that accepts it, DISCONNECT.
_PROTOCOL = b"\x00\x04MQTT\x04"
_CLEAN_SESSION, _WITH_LOGIN = 0x02, 0xC0
_KEEPALIVE_AND_EMPTY_CLIENT_ID = b"\x00\x3c\x00\x00"
_ACCEPTED = b"\x20\x02\x00\x00"
_DISCONNECT = b"\xe0\x00"
_LISTENS_SECONDS = 1.0


def accepts_clients(
    host: str, port: int, seconds: float, login: tuple[str, str] | None = None
) -> bool:
    """Return whether the broker accepts a client; ``login`` is (user, password).

    The connection and the broker's answer can each take up to ``seconds``.
    """
    try:
        with socket.create_connection((host, port), seconds) as connection:
            connection.sendall(_connect(login))
            if connection.recv(len(_ACCEPTED)) != _ACCEPTED:
                return False
            connection.sendall(_DISCONNECT)
    except OSError:
        return False
    return True


def listens(host: str, port: int) -> bool:
    """Return whether something listens on ``port``."""
    try:
        socket.create_connection((host, port), _LISTENS_SECONDS).close()
    except OSError:
        return False
    return True


def _connect(login: tuple[str, str] | None) -> bytes:
    flags = _CLEAN_SESSION | (_WITH_LOGIN if login else 0)
    texts = [text.encode() for text in login or ()]
    body = _PROTOCOL + bytes([flags]) + _KEEPALIVE_AND_EMPTY_CLIENT_ID
    body += b"".join(len(text).to_bytes(2) + text for text in texts)
    return b"\x10" + _variable_length(len(body)) + body


def _variable_length(length: int) -> bytes:
    """Encode ``length`` with seven bits per byte, lowest bits first (MQTT 3.1.1, section 2.2.3)."""
    encoded = bytearray()
    while length > 127:  # noqa: PLR2004 - seven bits
        encoded.append(length & 127 | 128)
        length >>= 7
    return bytes([*encoded, length])
