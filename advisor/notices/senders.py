"""The ways to deliver notices: to services through Apprise, or with the user's own program."""

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
    """Delivers notices to one target. Each method except ``stop`` can take up to a minute.

    If ``repeats`` is false, ``send`` is called at most once for each notice, even if it fails.
    """

    name: str
    repeats: bool
    pace: Pace

    def check(self) -> None:
        """Raise NoticeError if delivery is certain to fail; send nothing."""

    def send(self, notices: Sequence[Notice]) -> None:
        """Deliver ``notices``; raise NoticeError if the delivery fails."""

    def stop(self) -> None:
        """Abort the current delivery and start no more. May be called from any thread."""


class AppriseSender:
    """Sends messages to the service behind one Apprise URL.

    Each message is sent by a separate process, for three reasons. Apprise takes 37 MB and half a
    second to load, but is rarely needed. A delivery that hangs can be ended by killing its process.
    The libraries that Apprise uses log URLs, including their secrets; the separate process discards
    this log.
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
        """``page`` is the dashboard's URL, for links; ``seconds`` limits the time per message."""
        self.name = name
        self.pace = pace
        self._url = url
        self._page = page
        self._program = Program(_WITH_APPRISE, seconds)

    def check(self) -> None:
        """Raise NoticeError if Apprise cannot use the URL."""
        self._run(None)

    def send(self, notices: Sequence[Notice]) -> None:
        """Send ``notices`` in one message. Raises NoticeError if sending fails."""
        self._run(message(notices, self._page))

    def stop(self) -> None:
        """Kill the process if one is running."""
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
    """Runs the user's program once for each notice, and passes it the notice's event as JSON.

    A program that fails is not run again for the same notice, because it may already have taken
    effect.
    """

    name = "command"
    repeats = False
    pace = Pace(gather=0, gap=0, batch=1)

    def __init__(self, command: Sequence[str], seconds: float = _SECONDS) -> None:
        """Use ``command`` as the program; ``seconds`` limits the time per notice."""
        self._program = Program(command, seconds)

    def check(self) -> None:
        """Do nothing: a missing program may be installed later."""

    def send(self, notices: Sequence[Notice]) -> None:
        """Run the program for each of ``notices``. Raises NoticeError if the program fails."""
        for each in notices:
            self._program.run({"channel": each.event.channel, **each.event.body()})

    def stop(self) -> None:
        """Kill the program, if it is running."""
        self._program.stop()


def senders(
    urls: Sequence[str],
    command: Sequence[str],
    *,
    page: str | None = None,
    quiet: tuple[tuple[int, int], ...] = (),
) -> list[Sender]:
    """Return a sender for each target. Raises SettingsError if Apprise is needed but missing."""
    if urls and importlib.util.find_spec("apprise") is None:
        raise SettingsError(
            "notify_urls is set, but Apprise is not installed: run `pip install "
            "'system-monitor[notify]'`, or `pipx inject system-monitor apprise`."
        )
    schemes = [url.partition("://")[0].lower() for url in urls]
    found: list[Sender] = []
    for number, (scheme, url) in enumerate(zip(schemes, urls, strict=True)):
        # URLs contain secrets, so a name contains only the scheme and, if necessary, a number.
        earlier = schemes[:number].count(scheme)
        name = f"{scheme} {earlier + 1}" if earlier else scheme
        found.append(AppriseSender(name, url, page=page, pace=Pace(quiet=quiet)))
    return [*found, *([CommandSender(command)] if command else [])]
