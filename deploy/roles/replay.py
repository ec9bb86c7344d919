"""The command ``system-monitor replay``."""

import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from deploy.broker_access import started
from deploy.console import complain, note, show_progress
from deploy.lifecycle import set_on_signal
from deploy.live_hosts import LiveHosts
from deploy.player import Player
from telemetry.bus.connection import BusConnection
from telemetry.bus.topics import TopicScheme
from telemetry.clock import unix_milliseconds
from telemetry.errors import SystemMonitorError
from telemetry.recording.lines import Entry, Recording, lines_in
from telemetry.recording.replay import HOST, Form, Replay
from telemetry.recording.survey import Survey
from telemetry.settings import Settings

_INTERRUPTED = 130
_FAILED = 1
_PROGRESS_SECONDS = 0.5
_ENDING_SECONDS = 2.0
_DELIVERY_SECONDS = 2.0
_LISTED = 5


class _StoppedError(Exception):
    pass


def run(
    settings: Settings,
    *,
    file: str,
    speed: float,
    host_as: str,
    recorded_prefix: str | None,
    keep_timestamps: bool,
) -> int:
    """Publish the recording ``file``; return 1 if that fails, and 130 if it is interrupted."""
    topics = settings.topics if recorded_prefix is None else TopicScheme(recorded_prefix)
    form = Form(settings.topics, host=host_as, past=keep_timestamps)
    command = _Command(settings, Path(file), topics, speed, form)
    set_on_signal(command.stopping)
    try:
        return command.run()
    except _StoppedError:
        return _INTERRUPTED
    except OSError as error:
        complain(f"Cannot read {file}: {error.strerror}.")
    except SystemMonitorError as error:
        complain(str(error))
    return _FAILED


@dataclass
class _Command:
    """One replay of ``file``; ``topics`` is the topic scheme of the recording."""

    settings: Settings
    file: Path
    topics: TopicScheme
    speed: float
    form: Form
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> int:
        survey = self._survey()
        if survey is None:
            return _FAILED
        self._require_free_names(survey)
        begin = unix_milliseconds()
        if not self.form.past:  # shift the timestamps: the recording ends when the replay ends
            offset = begin + round(survey.duration) - survey.newest
            self.form = replace(self.form, offset=offset)
        self._note_age(survey, begin)
        self._play(survey)
        return _INTERRUPTED if self.stopping.is_set() else 0

    def _survey(self) -> Survey | None:
        """Return the survey of the file; if it has no samples, report that and return None."""
        if self.file.exists() and not self.file.is_file():
            raise SystemMonitorError(
                f"{self.file} is not a regular file: a replay reads its file twice, so save the "
                "recording to a file first."
            )
        recording, survey = Recording(self.topics), Survey(self.speed)
        show_progress(f"Reading {self.file} …")
        survey.read(self._entries(recording))
        show_progress("")
        for problem in recording.problems(str(self.file), "--recorded-prefix"):
            complain(problem)
        return survey if recording.samples else None

    def _entries(self, recording: Recording) -> Iterator[Entry]:
        with self.file.open("rb") as stream:
            for entry in recording.read(lines_in(stream)):
                if self.stopping.is_set():
                    raise _StoppedError
                yield entry

    def _require_free_names(self, survey: Survey) -> None:
        """Raise SystemMonitorError if a replayed host would share its name with another host."""
        names = {self.form.name_of(host) for host in survey.hosts}
        if len(names) < len(survey.hosts):
            raise SystemMonitorError(
                f"The recording has {len(survey.hosts)} hosts, so --host-as must contain {HOST}, "
                f"as in 'replay-{HOST}'."
            )
        if self.form.past:
            return  # nothing that is published replaces a current value
        if live := LiveHosts(self._bus(), self.settings.topics, names).find():
            raise SystemMonitorError(
                f"A host named {live[0]!r} is already publishing to the broker at "
                f"{self.settings.broker.masked()}, so the replayed samples would mix with its own. "
                f"Replay under another name (--host-as 'replay-{HOST}'), or only into the history "
                "(--keep-timestamps)."
            )

    def _note_age(self, survey: Survey, begin: int) -> None:
        settings = self.settings
        if old := survey.older_than(settings.window, begin, self.form.offset):
            note(
                f"The ingester discards {old:,} of the {survey.stored:,} samples as too old, "
                f"unless its own history_hours is larger than {settings.history_hours:g} h."
            )

    def _play(self, survey: Survey) -> None:
        replayed = Replay(self.form, next(iter(survey.hosts)))
        bus = self._bus()
        player = Player(bus, self.stopping)
        began = time.monotonic()
        with started(bus), _progress(player, survey):
            with suppress(_StoppedError):
                player.play(self._entries(Recording(self.topics)), replayed, self.speed)
            player.publish(list(replayed.endings(unix_milliseconds())), _ENDING_SECONDS)
            is_lost = player.sent > 0 and not player.delivered.wait(_DELIVERY_SECONDS)
        if is_lost:
            raise SystemMonitorError(
                f"The broker at {self.settings.broker.masked()} acknowledged the messages but did "
                "not deliver them: log in as a user that may publish to the topics of the replay "
                "and subscribe to them."
            )
        note(f"Messages published: {player.sent:,}, in {time.monotonic() - began:.0f} s.")
        if player.too_large:
            note(f"Skipped messages that are too large for a broker: {player.too_large:,}.")
        if not self.form.past:
            names = _listed([self.form.name_of(host) for host in survey.hosts])
            note(
                f"The broker retains the newest values of {names}; `system-monitor forget HOST` "
                "removes the retained messages of a host."
            )

    def _bus(self) -> BusConnection:
        return BusConnection(self.settings.broker, f"sm-replay-{secrets.token_hex(6)}")


@contextmanager
def _progress(player: Player, survey: Survey) -> Iterator[None]:
    """Show the progress of ``player`` until the ``with`` block ends."""
    over = threading.Event()

    def show() -> None:
        while not over.wait(_PROGRESS_SECONDS):
            place = f"{_clock(player.elapsed)} of {_clock(survey.elapsed)}"
            show_progress(f"{place}; messages: {player.sent:,}. Ctrl-C ends the replay.")

    thread = threading.Thread(target=show, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        show_progress("")


def _clock(milliseconds: int) -> str:
    seconds = milliseconds // 1000
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(map(repr, names[:_LISTED])) + more
