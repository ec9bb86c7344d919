"""The protective headers that are added to responses, unless the application sets them.

They prevent pages of other origins from reading or framing a response, and prevent browsers from
storing the response.
"""

from collections.abc import Iterable

Header = tuple[bytes, bytes]
"""The name of a header, in lower case, and its value."""

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
    """Return the protective headers that a response with the headers ``own`` lacks."""
    names = {name for name, _ in own}
    return [header for header in _HEADERS if header[0] not in names]


def with_missing_lines(head: bytes, own: Iterable[Header]) -> bytes:
    """Return the ``head`` of a response, plus each protective header that is not in ``own``.

    ``own`` are the headers that ``head`` already contains. The protective headers are not passed
    through h11, because h11 would validate and copy each of them for each response.
    """
    names = {name for name, _ in own}
    lines = [line for name, line in _LINES if name not in names]
    return b"".join([head[:-2], *lines, b"\r\n"])  # the head ends with an empty line
