"""Converts names from the kernel to text.

Names from the kernel are bytes that are usually, but not always, valid UTF-8. Our MQTT payloads
are JSON, which must be valid UTF-8.
"""

import logging
from functools import lru_cache

log = logging.getLogger(__name__)


def decoded(name: bytes) -> str:
    """Decode ``name`` as Python decodes file names, so that the result can be used in a path."""
    return name.decode(errors="surrogateescape")


@lru_cache(maxsize=256)  # so that the warning about a name is logged once
def shown(name: str) -> str:
    r"""Return ``name`` as published: each byte that is not valid UTF-8 is written as ``\xNN``."""
    text = name.encode(errors="surrogateescape").decode(errors="backslashreplace")
    if text != name:
        log.warning("A name from the kernel is not valid UTF-8; it is published as %s.", text)
    return text
