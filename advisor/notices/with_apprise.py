"""``python -m advisor.notices.with_apprise`` sends one message with Apprise.

The program reads a JSON object from standard input. ``url`` is the Apprise URL. ``parent`` is the
ID of the process that started the program; if that process has ended, nothing is sent. A
null ``parent`` skips this check. ``message`` is an object with ``title``, ``body`` and
``grade``. If ``message`` is null, the program only checks the URL.

The program prints a JSON object with one field, ``problem``: a clause that says why the program
failed, without the secrets in the URL. ``problem`` is null if the program succeeded.
"""

import json
import logging
import os
import re
import sys
from typing import Any
from urllib.parse import unquote

_INVALID = "the URL is not valid for Apprise, or needs a package that is not installed"
_SHORTEST_SECRET = 3
_LONGEST_PROBLEM = 200


# The useful part of the text of an exception; the rest of the text may contain the URL.
_CAUSE = re.compile(r"\[Errno -?\d+\] ([\w ,]+)|(timed out|certificate verify failed)|\((\d{3}), b")


class _Reason(logging.Handler):
    """Keeps the latest warning and its cause from the log, where Apprise reports its errors."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._warning = ""
        self._cause: str | None = None

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.levelno >= logging.WARNING:
            self._warning = text.rstrip(". ")
        elif found := _CAUSE.search(text):
            self._cause = next(filter(None, found.groups())).strip()

    def text(self) -> str:
        """Return the reason for the failure, which may contain parts of the URL."""
        return f"{self._warning} ({self._cause})" if self._cause else self._warning


def problem_of(request: dict[str, Any]) -> str | None:
    """Carry out ``request``; return why it failed, or None if it succeeded."""
    import apprise  # noqa: PLC0415 - after the request has been read

    reason = _Reason()
    log = logging.getLogger("apprise")
    log.addHandler(reason)
    log.setLevel(logging.DEBUG)
    url: str = request["url"]
    # Without truncation, a service could reject a long message at every attempt.
    apprise.NotifyBase.overflow_mode = apprise.OverflowMode.TRUNCATE
    asset = apprise.AppriseAsset(app_id="System Monitor", app_desc="System Monitor")
    service = apprise.Apprise(asset=asset)
    if not service.add(url):
        return _INVALID
    message = request["message"]
    if message is None:
        return None
    if request["parent"] not in (None, os.getppid()):
        return "System Monitor has ended"  # after its next start, it sends the message again
    sent = service.notify(
        title=message["title"],
        body=message["body"],
        notify_type=message["grade"],
        body_format="text",
    )
    return None if sent else without_secrets(reason.text(), url) or "the message was not accepted"


def without_secrets(text: str, url: str) -> str:
    """Return ``text`` as one short line, with the parts of ``url`` masked.

    The scheme and parts of fewer than three characters are not masked.
    """
    _, _, rest = url.partition("://")
    parts = re.split(r"[\s/:@?&=,;#+|]+", rest)
    forms = {form for part in parts for form in (part, unquote(part))}
    secrets = sorted((each for each in forms if len(each) >= _SHORTEST_SECRET), key=len)
    pattern = "|".join(re.escape(each) for each in reversed(secrets))
    masked = re.sub(pattern, "***", text, flags=re.IGNORECASE) if pattern else text
    return " ".join(masked.split())[:_LONGEST_PROBLEM]


def main() -> None:
    """Handle the request on standard input, and print the answer."""
    request = json.load(sys.stdin)
    print(json.dumps({"problem": problem_of(request)}))  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
