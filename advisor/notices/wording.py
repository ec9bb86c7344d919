"""Composes the messages in which notices are sent. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from telemetry import quantities
from telemetry.printable import printable

if TYPE_CHECKING:
    from advisor.notices.model import Grade, Notice

_LONGEST_TEXT = 600
_LONGEST_LINE = 200
_LONGEST_BODY = 1_700  # leaves room for a link in Discord's limit of 2,000 characters
# Characters that a service could interpret as a mention of people, or as a link behind a text.
_SPECIAL = re.compile(r"[@<]|\](?=\()")


class Message(NamedTuple):
    """A message for people, in plain text."""

    title: str
    body: str
    grade: "Grade"


def plain(text: str) -> str:
    """Return ``text`` from the bus as one short line, without working mentions or hidden links."""
    broken = _SPECIAL.sub(lambda match: f"{match[0]}\u200b", printable(text))
    return _shortened(broken, _LONGEST_TEXT)


def message(notices: Sequence["Notice"], page: str | None = None) -> Message:
    """Return one message for all ``notices``, with a link to the dashboard at ``page``.

    Of several notices about the same finding or run, the message contains only the last. If
    ``page`` is None, the message contains no link.
    """
    newest = list({each.thing: each for each in notices}.values())
    grade = max((each.grade for each in newest), key=lambda grade: grade.level)
    hosts = {each.event.host for each in newest if each.event.host}
    link = [] if page is None else ["", _link(page, hosts)]
    if len(newest) == 1:
        return Message(newest[0].headline, "\n".join([newest[0].text, *link]), grade)
    newest.sort(key=lambda each: -each.grade.level)
    place = f"on {next(iter(hosts))}" if len(hosts) == 1 else f"on {len(hosts)} hosts"
    title = plain(f"{len(newest)} notices {place}" if hosts else f"{len(newest)} notices")
    return Message(title, "\n".join([*_lines(newest), *link]), grade)


def _lines(notices: Sequence["Notice"]) -> Iterator[str]:
    left = _LONGEST_BODY
    for number, notice in enumerate(notices):
        line = _shortened(f"- {notice.headline}. {notice.text}", _LONGEST_LINE)
        left -= len(line) + 1
        if left < 0:
            yield f"… and {len(notices) - number} more"
            return
        yield line


def _link(page: str, hosts: set[str]) -> str:
    return f"{page}/#host={quote(next(iter(hosts)), safe='')}" if len(hosts) == 1 else f"{page}/"


def run_text(run: Mapping[str, object]) -> str:
    """Describe an ended run in one line, from the known values in ``run``."""
    summary = run["summary"]
    known = summary if isinstance(summary, Mapping) else {}
    parts = [
        text(float(known[name])) for name, text in _SUMMARY.items() if known.get(name) is not None
    ]
    command = f"{run['command']}: " if run["command"] else ""
    return f"{command}{', '.join(parts)}." if parts else f"{run['command'] or ''}"


_SUMMARY: Mapping[str, Callable[[float], str]] = {
    "duration": lambda seconds: f"ran for {quantities.duration(seconds)}",
    "gpu_hours": lambda hours: f"{quantities.digits(hours)} GPU hours",
    "gpu_utilization_mean": lambda share: f"GPU utilization {share:.0f}%",
    "gpu_memory_peak": lambda size: f"GPU memory up to {quantities.size(size)}",
    "ram_peak": lambda size: f"RAM up to {quantities.size(size)}",
    "energy_joules": quantities.energy,
    "throttled_share": lambda share: f"throttled {share:.0f}% of the time",
    "idle_held_share": lambda share: f"GPUs idle {share:.0f}% of the time",
}


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
