"""Names from the kernel: bytes, mostly UTF-8; a payload must be UTF-8."""

import logging
from functools import lru_cache

log = logging.getLogger(__name__)


def decoded(name: bytes) -> str:
    """Decode ``name`` as Python decodes file names, so that any path can still be opened."""
    return name.decode(errors="surrogateescape")


@lru_cache(maxsize=256)  # so that each name is reported once
def shown(name: str) -> str:
    r"""Return ``name`` as it is published, with ``\xff`` for a byte that is not UTF-8."""
    text = name.encode(errors="surrogateescape").decode(errors="backslashreplace")
    if text != name:
        log.warning("The name of a device is not valid UTF-8; it is published as %s.", text)
    return text
