"""Saves a recording of the minutes before a run failed or its host went silent."""

import asyncio
import logging
import math
import time
from collections.abc import Callable

from api.live.newest import Newest, Update
from api.recordings.buffer import Buffer, Moment, noted
from api.recordings.folder import RecordingFolder
from api.runs.run import RunKey, key_of
from telemetry.bus.topics import TopicScheme
from telemetry.catalogue import ANNOTATION, MEMORY, RUN, family_of
from telemetry.events import Event
from telemetry.limits import SILENT_SECONDS
from telemetry.log_limit import RateLimitedLog
from telemetry.recording.lines import line_of
from telemetry.reports import Report, counter, gauge
from telemetry.runs import has_unknown_end, may_have_failed

log = logging.getLogger(__name__)

SECONDS = 300.0
_BUFFER_BYTES = 64 * 1024 * 1024
# When a silence is detected, the minutes before it must still be in the buffer.
_BUFFER_SECONDS = SECONDS + 2 * SILENT_SECONDS
_CHECK_SECONDS = 10.0
# How long to wait for the samples from the moment of a failure: the longest usual interval.
_DELAY_SECONDS = 5.0
_MOST_AT_ONCE = 10  # recordings of a host that wait to be saved, each of up to 64 MiB

_KEPT = "Recordings that were saved"
_FAILED = "Recordings that could not be written"
_SKIPPED = "Runs not recorded because too many runs of their host were recorded at the same time"
_BUFFERED = "Size of the messages that are kept in memory for recordings"
_TOO_MANY = (
    "Run %s of host %s has no recording, because at most %d runs of a host are recorded at a time. "
    "Runs skipped so far: %d."
)


class BlackBox:
    """Keeps the latest messages of each host with a run under way, and saves them if the run fails.

    It also saves them if the host goes silent during the run.
    All methods run in the event loop's thread; files are written in another thread.
    """

    def __init__(
        self,
        folder: RecordingFolder,
        topics: TopicScheme,
        newest: Newest,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start with no messages; ``clock`` returns monotonic seconds, as in ``Update.arrived``."""
        self._folder = folder
        self._topics = topics
        self._newest = newest
        self._clock = clock
        self._buffer = Buffer(_BUFFER_SECONDS, _BUFFER_BYTES)
        self._due: dict[str, dict[str, float]] = {}  # when to save a recording, by host and run
        self._silent: set[RunKey] = set()
        self._if_killed: set[RunKey] = set()  # to be saved only if the kernel killed a process
        self._log = RateLimitedLog(log)
        self.kept = self.failures = self.skipped = 0

    def report(self) -> Report:
        """Return counts of the recordings, and the size of the buffer."""
        return Report(
            "recordings",
            None,
            (
                counter("recordings_kept", _KEPT, self.kept),
                counter("recordings_failed", _FAILED, self.failures),
                counter("recordings_skipped", _SKIPPED, self.skipped),
                gauge("recording_buffer_bytes", _BUFFERED, self._buffer.size),
            ),
        )

    def note(self, update: Update) -> None:
        """Keep ``update`` if it is live and its host has a run under way. Never raises.

        If ``update`` is the end of a run that may have failed, schedule a recording.
        """
        content = update.content
        if isinstance(content, Event) and family_of(content.channel) is RUN:
            self._note_run(content)
        if update.retained or not self._buffer.keeps(update.host):
            return
        kills = update.values.get("oom_kills") if update.channel == MEMORY.channel else None
        topic = self._topics.topic(update.host, update.channel)
        moment = Moment(
            update.arrived,
            content.timestamp,
            line_of(topic, content.payload()),
            kills if isinstance(kills, int) else None,
        )
        self._buffer.append(update.host, moment)

    def _note_run(self, event: Event) -> None:
        key = key_of(event)
        if not event.is_end:
            self._forget(key)
            if not self._buffer.keeps(key.host):
                self._buffer.keep(self._hosts() | {key.host})
        elif self._buffer.covers(key.host, event.timestamp):
            if not may_have_failed(event.values):
                if not has_unknown_end(event.values):
                    return
                self._if_killed.add(key)
            self._expect(key, self._clock() + _DELAY_SECONDS)

    def _expect(self, key: RunKey, due: float) -> None:
        """Schedule the recording of the run ``key`` to be saved at the time ``due``.

        If too many recordings of the run's host are already scheduled, the run is skipped.
        """
        waiting = self._due.setdefault(key.host, {})
        if key.id in waiting or len(waiting) < _MOST_AT_ONCE:
            waiting[key.id] = due
            return
        self._if_killed.discard(key)
        self.skipped += 1
        self._log.write(_TOO_MANY, key.id, key.host, _MOST_AT_ONCE, self.skipped)

    def _forget(self, key: RunKey) -> None:
        self._if_killed.discard(key)
        waiting = self._due.get(key.host, {})
        waiting.pop(key.id, None)
        if not waiting:
            self._due.pop(key.host, None)

    async def watch(self) -> None:
        """Save recordings when they are due, until this task is cancelled."""
        while True:
            await asyncio.sleep(_CHECK_SECONDS)
            await self.check()

    async def check(self, *, all_failed: bool = False) -> None:
        """Save the due recordings of failed runs and of runs whose host went silent.

        With ``all_failed``, also save the recordings that are not due yet.
        """
        now = self._clock()
        silent = {key for key in self._runs() if self._is_silent(key.host, now)}
        for key in sorted(silent - self._silent):
            self._expect(key, now)
        self._silent = silent
        for key in self._due_at(math.inf if all_failed else now):
            await self._save(key)
            self._forget(key)
        self._buffer.keep(self._hosts())

    def _due_at(self, now: float) -> list[RunKey]:
        return [
            RunKey(host, identity)
            for host, waiting in self._due.items()
            for identity, due in waiting.items()
            if due <= now
        ]

    def _is_silent(self, host: str, now: float) -> bool:
        state, heard = self._newest.hosts.get(host), self._buffer.newest(host)
        sample = None if state is None else state.arrivals.newest
        if sample is None or heard is None:  # no collector has sent samples, so nothing went silent
            return False
        return now - max(sample.arrived, heard) >= SILENT_SECONDS

    def _runs(self) -> dict[RunKey, Event]:
        """Return the newest message about each run under way."""
        contents = (update.content for update in self._newest.updates())
        events = [each for each in contents if isinstance(each, Event)]
        return {key_of(each): each for each in events if family_of(each.channel) is RUN}

    def _hosts(self) -> set[str]:
        return {key.host for key in self._runs()} | self._due.keys()

    async def _save(self, key: RunKey) -> None:
        moments = self._buffer.last(key.host, SECONDS)
        if not moments:
            return
        topic = self._topics.topic(key.host, ANNOTATION.channel)
        lines = list(noted(moments, topic, key.host, key.id))
        if key in self._if_killed and len(lines) == len(moments):
            return
        try:
            await asyncio.to_thread(self._folder.save, key.host, key.id, lines)
        except OSError as error:
            self.failures += 1
            log.warning("The recording of run %s could not be written: %s.", key.id, error)
        else:
            self.kept += 1
