"""The command ``system-monitor notify``."""

from concurrent.futures import ThreadPoolExecutor

from advisor.notices.model import trial_notice
from advisor.notices.program import NoticeError
from advisor.notices.senders import Sender
from deploy import wiring
from deploy.console import complain, say
from deploy.lifecycle import end_on_signal
from telemetry.clock import unix_milliseconds
from telemetry.printable import printable
from telemetry.settings import Settings

_INTERRUPTED = 130
_FAILED = 1


def run(settings: Settings, *, test: bool) -> int:
    """Send a test notice to each target; return 1 if a target fails or if there are no targets."""
    end_on_signal(_INTERRUPTED)
    senders = wiring.senders(settings)
    if not (test and senders):
        complain("Notices need a target: set notify_urls (or notify_urls_file) or notify_command.")
        return _FAILED
    notice = trial_notice(settings.host_name, unix_milliseconds())

    def sent(sender: Sender) -> str | None:
        try:
            sender.send([notice])
        except NoticeError as error:
            return str(error)
        return None

    with ThreadPoolExecutor(len(senders)) as pool:
        problems = list(pool.map(sent, senders))
    for sender, problem in zip(senders, problems, strict=True):
        say(f"{sender.name:<12} {'sent' if problem is None else printable(f'PROBLEM: {problem}.')}")
    return _FAILED if any(problems) else 0
