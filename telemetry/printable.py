"""Makes text safe to print: messages and device names may contain control characters."""

import re

# C0, DEL, C1, the line separators and the marks that reorder text.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    r"""Return ``text`` on one line, with each control character escaped as in JSON: ``\u001b``."""
    return _CONTROLS.sub(lambda control: f"\\u{ord(control[0]):04x}", text)
