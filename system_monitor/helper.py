"""Implements ``mark`` and ``run``. Nothing here raises: a mark must never end a training run."""

import atexit
import json
import logging
import os
import re
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from types import TracebackType

from system_monitor import process
from system_monitor.outbox import Make, Message, Outbox

log = logging.getLogger("system_monitor")

RUN_VARIABLE = "SYSTEM_MONITOR_RUN_ID"
_LONGEST_TEXT, _LONGEST_TAG, _MOST_TAGS, _LONGEST_NAME = 1000, 256, 16, 100
_LONGEST_RUN_TAG = 50
_INTERRUPTED = 130

_lock = threading.Lock()
_outbox: Outbox | None = None
_under_way: dict[str, Make] = {}


def mark(text: str, tags: Iterable[str] = ()) -> None:
    """Publish an annotation."""
    _safely(lambda: _mark(text, tags))


def _mark(text: object, tags: Iterable[str]) -> None:
    content = {
        "id": secrets.token_hex(16),
        "timestamp": _now(),
        "text": str(text).strip()[:_LONGEST_TEXT],
        "tags": _texts(tags, _LONGEST_TAG),
        "run": os.environ.get(RUN_VARIABLE),
    }
    if content["text"]:
        _put(lambda host: _message("system/annotations", {**content, "host": host}))


class Run:
    """A context manager that publishes its ``with`` block as a run."""

    def __init__(self, name: str, tags: Iterable[str] = ()) -> None:
        """Prepare the run; nothing is published before the context is entered."""
        self._name = name
        self._tags = tags
        self._outer: str | None = None
        self._id: str | None = None
        self._end: Callable[[int], None] = lambda _: None

    def __enter__(self) -> None:
        """Begin the run."""
        _safely(self._begin)

    def __exit__(
        self,
        _type: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """End the run. An exception determines the run's exit code, and is not suppressed."""
        _safely(lambda: self._end(_exit_code(error)))

    def _begin(self) -> None:
        if os.environ.get("RANK", "0") != "0":  # with torchrun, only rank 0 publishes
            return
        name = _printable(self._name)
        if os.environ.get(RUN_VARIABLE):
            _mark(f"{name} begins", self._tags)
            self._end = lambda code: _mark(
                f"{name} ends" + (f" with exit code {code}" if code else ""), self._tags
            )
            return
        slug = re.sub(r"[^A-Za-z0-9_.]+", "-", name).strip("-.")[:40]
        identity = f"{slug or 'run'}-{secrets.token_hex(4)}"
        channel, started, cpu = f"system/runs/{identity}", _now(), process.cpu_seconds()
        values: dict[str, object] = {
            "name": name,
            "tags": _texts(self._tags, _LONGEST_RUN_TAG),
            "user": process.user(),
            "command": process.command()[:80],
            "pid": os.getpid(),
            "process": process.identity(),
            "gpus": [],
            "started": started,
            "how": "helper",
        }

        def state(host: str) -> Message:
            content = {"id": identity, "timestamp": started, "host": host, **values}
            return _message(channel, content, retain=True)

        def end(code: int) -> None:
            os.environ.pop(RUN_VARIABLE, None)
            _under_way.pop(identity, None)
            ended, used = _now(), process.cpu_seconds() - cpu
            summary = {"duration": (ended - started) / 1000, "cpu_seconds": round(used, 2)}
            final = {"id": f"{identity}.end", "timestamp": ended, **values}
            final |= {"ended": ended, "exit_code": code, "summary": summary}
            _put(lambda host: _message(channel, {**final, "host": host}))
            _put(lambda _: Message(channel, b"", retain=True))

        os.environ[RUN_VARIABLE] = identity  # for child processes
        _under_way[identity] = state
        self._end = end
        _put(state)


def _exit_code(error: BaseException | None) -> int:
    if error is None:
        return 0
    if isinstance(error, KeyboardInterrupt):
        return _INTERRUPTED
    if isinstance(error, SystemExit):
        code = error.code
        return code & 0xFF if isinstance(code, int) else int(code is not None)  # as the exit status
    return 1


def _put(make: Make) -> None:
    global _outbox  # noqa: PLW0603 - one outbox per process, created when first needed
    with _lock:
        if _outbox is None:
            _outbox = Outbox(lambda: list(_under_way.values()))
            _outbox.start()
            atexit.register(_flush)
            multiprocessing = sys.modules.get("multiprocessing.util")
            if multiprocessing is not None:  # its child processes run no atexit handlers
                multiprocessing.Finalize(None, _flush, exitpriority=1)
    _outbox.put(make)


def _flush() -> None:
    if _outbox is not None and _outbox.process == os.getpid():
        _outbox.flush()


def _forget() -> None:
    """Start over in a forked child, where the parent's threads do not run."""
    global _outbox, _lock
    _outbox, _lock = None, threading.Lock()
    _under_way.clear()  # the parent publishes these runs


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _message(channel: str, content: Mapping[str, object], *, retain: bool = False) -> Message:
    payload = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Message(channel, payload.encode(errors="replace"), retain)


def _now() -> int:
    return time.time_ns() // 1_000_000


def _printable(name: object) -> str:
    text = "".join(each if each.isprintable() else " " for each in str(name)).strip()
    return text[:_LONGEST_NAME] or "run"


def _texts(texts: Iterable[str], longest: int) -> list[str]:
    """Return the first 16 ``texts``, shortened; an empty list if ``texts`` is not iterable."""
    if isinstance(texts, str):
        texts = [texts]
    several = texts if isinstance(texts, Iterable) else ()
    return [str(text)[:longest] for text in islice(several, _MOST_TAGS)]


def _safely(act: Callable[[], None]) -> None:
    try:
        act()
    except Exception:
        log.debug("system_monitor: a mark or run could not be published", exc_info=True)
