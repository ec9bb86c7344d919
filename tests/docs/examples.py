"""The commands on the pages, and what the pages show of their output."""

import json
import re
import textwrap
from collections.abc import Iterator
from subprocess import CompletedProcess
from typing import Any, NamedTuple

from docs.generate import ROOT

PAGES = sorted(
    str(each.relative_to(ROOT)) for each in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
)
_BLOCK = re.compile(r"^ {4}\$ (?P<command>.+)\n(?P<shown>(?: {4}(?!\$ ).*\n)*)", re.MULTILINE)
_NUMBER = r"\d[\d.:TZ-]*(?:e-\d+)?(?: (?:[kKMG]i?B|bytes|k?Wh|h|min|s)\b)?"
_AMOUNT = re.compile(rf"{_NUMBER}(?: {_NUMBER})*")
_EXIT_CODE = re.compile(r"exit code (\d+)")
_MESSAGE = re.compile(r"^(system/\S+ )?(\{.*?\})$", re.MULTILINE | re.DOTALL)
_LEFT_OUT = "…"


class Example(NamedTuple):
    page: str
    command: str
    shown: str


def examples(page: str) -> Iterator[Example]:
    """Yield the commands after a ``$``, with what the page shows below them."""
    for match in _BLOCK.finditer((ROOT / page).read_text()):
        if not match["command"].startswith("make "):  # test_readme.py checks its output
            yield Example(page, match["command"], textwrap.dedent(match["shown"]))


def require_shown(shown: str, done: CompletedProcess[str]) -> None:
    """Require that a command printed what its page shows, apart from numbers."""
    code = _EXIT_CODE.search(shown)
    assert done.returncode == (int(code[1]) if code else 0), done.stderr
    if "{" in shown:
        _require_same_members(_messages(shown), _messages(done.stdout))
    else:
        printed = {_pattern(line) for line in (done.stdout + done.stderr).splitlines()}
        missing = {_pattern(line) for line in shown.splitlines()} - {_LEFT_OUT} - printed
        assert not missing, done


def _pattern(line: str) -> str:
    """Return ``line`` without what differs from one run to the next."""
    return _AMOUNT.sub("N", line)


def _messages(output: str) -> dict[str, Any]:
    """Return each JSON document of ``output`` by the topic before it; a ``,…`` is left out."""
    found = {}
    for topic, payload in _MESSAGE.findall(output):
        found[topic] = json.loads(payload.replace(f",{_LEFT_OUT}", ""))
    return found


def _require_same_members(shown: Any, actual: Any) -> None:
    """Require that ``actual`` has everything that ``shown`` has; values may differ, not types."""
    if isinstance(shown, dict):
        assert isinstance(actual, dict)
        assert shown.keys() <= actual.keys()
        for name, value in shown.items():
            _require_same_members(value, actual[name])
    elif isinstance(shown, list):
        assert isinstance(actual, list)
        if shown and actual:
            _require_same_members(shown[0], actual[0])
    elif shown is not None and actual is not None:
        assert isinstance(actual, (int, float) if isinstance(shown, int | float) else type(shown))
