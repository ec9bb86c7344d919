"""Names from the kernel: bytes, mostly UTF-8, which a payload must be."""

import logging
from functools import lru_cache

log = logging.getLogger(__name__)


def decoded(name: bytes) -> str:
    """Return ``name`` as Python names files; the path of one that is not UTF-8 is still found."""
    return name.decode(errors="surrogateescape")


@lru_cache(maxsize=256)  # so that each name is reported once
def shown(name: str) -> str:
    r"""Return ``name`` as it is published: a byte that is not UTF-8 becomes such as ``\xff``."""
    text = name.encode(errors="surrogateescape").decode(errors="backslashreplace")
    if text != name:
        log.warning("The name of a device is not valid UTF-8; it is published as %s.", text)
    return text
