"""The ways to deliver notices: services, through Apprise, and the user's own program."""

import importlib.util
import json
import os
import sys
from collections.abc import Sequence
from typing import Protocol

from advisor.notices.model import Notice
from advisor.notices.outbox import Pace
from advisor.notices.program import NoticeError, Program
from advisor.notices.wording import Message, message
from telemetry.errors import SettingsError

_SECONDS = 60.0
_WITH_APPRISE = (sys.executable, "-P", "-m", "advisor.notices.with_apprise")


class Sender(Protocol):
    """Delivers notices to one target. Each method but ``stop`` may take a minute.

    A sender that does not ``repeat`` gets each notice at most once, whatever happens.
    """

    name: str
    repeats: bool
    pace: Pace

    def check(self) -> None:
        """Raise NoticeError if delivery is impossible, as far as this is known without trying."""

    def send(self, notices: Sequence[Notice]) -> None:
        """Deliver ``notices``. Raises NoticeError."""

    def stop(self) -> None:
        """End the current delivery, and start no other. May be called from any thread."""


class AppriseSender:
    """Sends messages to the service behind one Apprise URL.

    Each message is sent by a separate process. Apprise takes 37 MB and half a second to load, and
    is needed rarely; a delivery that hangs ends with its process; and the libraries, which write
    URLs with their secrets into their logs, have no log to write to.
    """

    repeats = True

    def __init__(
        self,
        name: str,
        url: str,
        *,
        page: str | None = None,
        pace: Pace = Pace(),  # noqa: B008 - frozen
        seconds: float = _SECONDS,
    ) -> None:
        """``page`` is the URL of the dashboard, for links; ``seconds`` limits each message."""
        self.name = name
        self.pace = pace
        self._url = url
        self._page = page
        self._program = Program(_WITH_APPRISE, seconds)

    def check(self) -> None:
        """Raise NoticeError if the URL is not valid."""
        self._run(None)

    def send(self, notices: Sequence[Notice]) -> None:
        """Send one message with ``notices``. Raises NoticeError."""
        self._run(message(notices, self._page))

    def stop(self) -> None:
        """End the process."""
        self._program.stop()

    def _run(self, content: Message | None) -> None:
        request = {
            "url": self._url,
            "parent": os.getpid(),
            "message": None if content is None else content._asdict(),
        }
        answer = self._program.run(request, answers=True)
        try:
            problem = json.loads(answer)["problem"]
        except (ValueError, LookupError, TypeError):
            raise NoticeError("the Apprise process failed") from None
        if problem is not None:
            raise NoticeError(str(problem))


class CommandSender:
    """Runs the user's program for each notice, with the finding or the run on standard input.

    It is not run again if it fails, because it may already have taken effect.
    """

    name = "command"
    repeats = False
    pace = Pace(gather=0, gap=0, batch=1)

    def __init__(self, command: Sequence[str], seconds: float = _SECONDS) -> None:
        """Run ``command``, for at most ``seconds``."""
        self._program = Program(command, seconds)

    def check(self) -> None:
        """Do nothing: a missing program may still be installed."""

    def send(self, notices: Sequence[Notice]) -> None:
        """Run the program for each of ``notices``. Raises NoticeError."""
        for each in notices:
            self._program.run({"channel": each.event.channel, **each.event.body()})

    def stop(self) -> None:
        """Kill the program."""
        self._program.stop()


def senders(
    urls: Sequence[str],
    command: Sequence[str],
    *,
    page: str | None = None,
    quiet: tuple[tuple[int, int], ...] = (),
) -> list[Sender]:
    """Return a sender for each target. Raises SettingsError if Apprise is needed and missing."""
    if urls and importlib.util.find_spec("apprise") is None:
        raise SettingsError(
            "notify_urls is set, but Apprise is not installed: run `pip install "
            "'system-monitor[notify]'`, or `pipx inject system-monitor apprise`."
        )
    schemes = [url.partition("://")[0].lower() for url in urls]
    found: list[Sender] = []
    for number, (scheme, url) in enumerate(zip(schemes, urls, strict=True)):
        earlier = schemes[:number].count(scheme)  # the names contain nothing else: URLs are secret
        name = f"{scheme} {earlier + 1}" if earlier else scheme
        found.append(AppriseSender(name, url, page=page, pace=Pace(quiet=quiet)))
    return [*found, *([CommandSender(command)] if command else [])]
