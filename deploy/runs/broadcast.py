"""Publishes a run from a background thread while the command is running.

This lets the command start without waiting for the broker or for the libraries, which take half a
second to load.
"""

import getpass
import os
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from collector.runs.procfs import ProcessTable
from collector.runs.record import Run, process_identity
from collector.runs.summary import Row, RunSummary
from collector.sensors.command import short_command
from deploy.console import complain
from deploy.runs.child import End
from deploy.runs.request import Request
from deploy.runs.sampler import Sampler
from telemetry.errors import MalformedMessageError, SystemMonitorError
from telemetry.runs import COMMAND

if TYPE_CHECKING:
    from telemetry.bus.connection import BusConnection
    from telemetry.bus.messages import Message, Publication
    from telemetry.bus.publisher import Publisher
    from telemetry.events import Event
    from telemetry.settings import Settings

_UPDATE_SECONDS = 60.0
_POLL_SECONDS = 0.1
_LOAD_SECONDS = 30.0  # wait at the end: a busy machine may still load the libraries
_LAST_SECONDS = 3.0  # wait at the end for the connection, then for the acknowledgement
_WINDOW = 86_400_000  # ms for which the end may wait to be sent


class Broadcast:
    """Publishes the run ``identity``; ``pid`` is the process id of the run's command."""

    def __init__(
        self, request: Request, identity: str, pid: int, started: int, sampler: Sampler
    ) -> None:
        """Prepare; ``start`` begins to publish. ``started`` is in Unix milliseconds."""
        self.summary = RunSummary(started)
        self.name = request.name or short_command(request.command) or identity
        self._request = request
        self._identity = identity
        self._pid = pid
        self._started = started
        self._sampler = sampler
        self._lock = threading.Lock()  # of the summary
        self._loaded = threading.Event()  # the libraries are loaded, or loading failed
        self._settled = threading.Event()  # the first connection succeeded or failed
        self._ended = threading.Event()
        self._final: Event | None = None
        self._settings: Settings | None = None
        self._run: Run | None = None
        self._bus: BusConnection | None = None
        self._publisher: Publisher | None = None
        self._thread = threading.Thread(target=self._publish, name="run-publisher", daemon=True)

    @property
    def settings(self) -> "Settings | None":
        """The settings; None until they have been loaded."""
        return self._settings

    def start(self) -> None:
        """Begin to publish."""
        self._thread.start()

    def values(self, now: int) -> dict[str, Any]:
        """Return the summary's values at ``now`` (Unix milliseconds)."""
        usage = self._sampler.usage
        with self._lock:
            if usage is not None:
                self.summary.note_usage(usage)
            return self.summary.values(now)

    def stop(self, end: End, ended: int, values: Mapping[str, Any]) -> bool:
        """Publish the end of the run; return whether the broker has acknowledged it."""
        if not self._loaded.wait(_LOAD_SECONDS):
            complain("This run is not published: loading the libraries took too long.")
        self._settled.wait(_LAST_SECONDS)
        self._ended.set()
        bus, publisher, run = self._bus, self._publisher, self._run
        if bus is None or publisher is None or run is None:
            return False
        final = run.end(
            ended, self.summary.gpu.gpus, values, exit_code=end.exit_code, signal=end.signal
        )
        publisher.publish(self._publication(final.payload(), retain=False))
        self._final = final  # from now on, `_state` deletes the retained state
        was_sent = publisher.stop(_LAST_SECONDS)
        broker = f"the MQTT broker at {bus.address.masked()}"
        if bus.connections and not was_sent:
            complain(
                f"The end of this run is not published, because {broker} has not acknowledged it. "
                "If a collector runs on this machine, it publishes the end, without the exit code."
            )
        elif not bus.connections and bus.failure is None:
            complain(f"This run is not published: {broker} has not answered yet.")
        return was_sent

    def _publish(self) -> None:
        try:
            self._connect()
            self._loaded.set()
            self._watch_connection()
        except SystemMonitorError as error:
            complain(f"This run is not published: {error}")
        except Exception as error:  # noqa: BLE001 - whatever fails here, the command continues
            complain(f"This run is not published, because of an error: {error!r}.")
        finally:
            self._loaded.set()
            self._settled.set()
        while self._publisher is not None and not self._ended.wait(_UPDATE_SECONDS):
            self._publisher.publish_status()

    def _connect(self) -> None:
        from deploy import arguments, log  # noqa: PLC0415 - takes half a second, as below
        from telemetry.bus.connection import BusConnection  # noqa: PLC0415
        from telemetry.bus.publisher import Publisher  # noqa: PLC0415
        from telemetry.settings.loading import load_settings  # noqa: PLC0415

        _, options, _ = arguments.parse(["run", *self._request.options])
        self._settings = settings = load_settings(options)
        # This command reports problems with the broker itself, so the log need not.
        quiet = settings.log_level == "warning"
        log.configure("error" if quiet else settings.log_level, settings.log_format)
        self._run = self._new_run(settings.host_name)
        bus = BusConnection(settings.broker, settings.topics.client_id("run", self._identity))
        bus.on_message = self._receive
        publisher = Publisher(bus, _WINDOW, self._state, self._subscribe)
        self._bus, self._publisher = bus, publisher
        publisher.start()

    def _subscribe(self) -> None:
        from telemetry.bus.messages import AT_MOST_ONCE  # noqa: PLC0415
        from telemetry.catalogue import GPU, GPU_PROCESSES  # noqa: PLC0415

        if self._bus is None or self._settings is None:
            return
        for family in (GPU, GPU_PROCESSES):
            topic = self._settings.topics.topic(self._settings.host_name, family.channel_filter)
            self._bus.subscribe(topic, AT_MOST_ONCE)

    def _new_run(self, host: str) -> Run:
        table = ProcessTable()
        process = table.read(self._pid)
        return Run(
            id=self._identity,
            name=self.name,
            host=host,
            how=COMMAND,
            started=self._started,
            pid=self._pid,
            process=process and process_identity(process, table.boot()),
            user=_user(),
            command=short_command(self._request.command),
            tags=tuple(self._request.tags),
        )

    def _watch_connection(self) -> None:
        """Wait for the first connection; if it fails, tell the user."""
        while self._bus is not None and not self._bus.wait_connected(_POLL_SECONDS):
            if self._bus.failure is not None:
                complain(
                    "This run is not published, because the MQTT broker at "
                    f"{self._bus.address.masked()} {self._bus.failure}; start a broker "
                    "(`system-monitor up`), or check mqtt_url and the login."
                )
                return
            if self._ended.is_set():
                return

    def _state(self) -> "Publication":
        if self._run is None or self._final is not None:
            return self._publication(b"", retain=True)
        values = self.values(time.time_ns() // 1_000_000)
        state = self._run.state(self.summary.gpu.gpus, values)
        return self._publication(state.payload(), retain=True)

    def _publication(self, payload: bytes, *, retain: bool) -> "Publication":
        from telemetry.bus.messages import Publication  # noqa: PLC0415

        if self._settings is None or self._run is None:
            raise RuntimeError("the run has not been published")
        topic = self._settings.topics.topic(self._run.host, self._run.channel)
        return Publication(topic, payload, retain=retain)

    def _receive(self, message: "Message") -> None:
        """Add a sample of a GPU, or of the processes on a GPU, to the summary."""
        from telemetry.catalogue import GPU_PROCESSES, place_of  # noqa: PLC0415
        from telemetry.decoding import decode_sample, resolve  # noqa: PLC0415

        if self._settings is None or self._run is None:
            return
        try:
            address = resolve(self._settings.topics, message.topic)
            sample = decode_sample(address, message.payload)
        except MalformedMessageError:
            return
        if sample.host != self._run.host or sample.late:
            return
        gpu, gpus = int(place_of(sample.channel)["id"]), self.summary.gpu
        before = len(gpus.gpus)
        with self._lock:
            if address.family is GPU_PROCESSES:
                gpus.note_processes(gpu, sample.timestamp, sample.values, self._is_ours)
            else:
                gpus.note_sample(gpu, sample.timestamp, sample.values)
        if len(gpus.gpus) > before and self._publisher is not None:
            self._publisher.publish_status()

    def _is_ours(self, row: Row) -> bool:
        return row.get("pid") in self._sampler.pids


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())
