"""Converts names from the kernel to text.

The kernel's names are bytes, which are usually but not always UTF-8. A payload must be UTF-8.
"""

import logging
from functools import lru_cache

log = logging.getLogger(__name__)


def decoded(name: bytes) -> str:
    """Decode ``name`` as Python decodes file names, so that any path can still be opened."""
    return name.decode(errors="surrogateescape")


@lru_cache(maxsize=256)  # so that the warning about a name is logged once
def shown(name: str) -> str:
    r"""Return ``name`` as it is published: a byte that is not UTF-8 is written as ``\xff``."""
    text = name.encode(errors="surrogateescape").decode(errors="backslashreplace")
    if text != name:
        log.warning("The name of a device is not valid UTF-8; it is published as %s.", text)
    return text
