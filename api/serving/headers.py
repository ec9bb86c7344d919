"""The protective headers added to responses unless the application sets them.

They prevent other origins' pages from reading or framing a response, and browsers from storing it.
"""

from collections.abc import Iterable

Header = tuple[bytes, bytes]
"""A header's lower-case name, and its value."""

_POLICY = (
    b"default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    b"object-src 'none'"
)
_HEADERS: tuple[Header, ...] = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", _POLICY),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
_LINES = [(name, b"%s: %s\r\n" % (name, value)) for name, value in _HEADERS]


def missing_headers(own: Iterable[Header]) -> list[Header]:
    """Return the protective headers that are not in ``own``, a response's headers."""
    names = {name for name, _ in own}
    return [header for header in _HEADERS if header[0] not in names]


def with_missing_lines(head: bytes, own: Iterable[Header]) -> bytes:
    """Return the ``head`` of a response, plus each protective header that is not in ``own``.

    ``head`` already contains the headers in ``own``. The protective headers bypass
    h11, which would validate and copy each of them for each response.
    """
    names = {name for name, _ in own}
    lines = [line for name, line in _LINES if name not in names]
    return b"".join([head[:-2], *lines, b"\r\n"])  # the head ends with an empty line
