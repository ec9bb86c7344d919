"""The command ``system-monitor forget``."""

from deploy.console import complain, say
from deploy.lifecycle import end_on_signal
from deploy.retained import RetainedMessages
from telemetry.errors import SystemMonitorError
from telemetry.printable import printable
from telemetry.settings import Settings

_INTERRUPTED = 130
_FAILED = 1


def run(settings: Settings) -> int:
    """Remove the retained messages of the host ``settings.host_name``; return 1 on failure."""
    end_on_signal(_INTERRUPTED)
    broker, host = settings.broker, settings.host_name
    try:
        topics = RetainedMessages(broker, settings.topics, host).remove()
    except SystemMonitorError as error:
        complain(str(error))
        return _FAILED
    for topic in topics:
        say(printable(topic))
    number = {0: "no retained messages", 1: "1 retained message"}.get(
        len(topics), f"{len(topics)} retained messages"
    )
    say(f"Removed {number} of {host!r} from the broker at {broker.masked()}.")
    return 0
