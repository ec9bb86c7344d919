"""``system-monitor`` as a child process, as a user would run it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil

from tests.services.processes import free_port, wait_until

COMMAND = str(Path(sys.executable).with_name("system-monitor"))
STARTED = "Press Ctrl-C to stop."
SECONDS = 60.0  # a generous limit: on a busy machine, a start has taken 20 s


def environment(folder: Path, **extra: str) -> dict[str, str]:
    """Return this process's environment without the settings of the machine that runs the tests.

    The embedded broker serves only its main port: tests run in parallel, and the default ports of
    the other two would collide.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith("SYSTEM_MONITOR_")
    }
    homes = {name: str(folder) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    only_main = {"SYSTEM_MONITOR_MQTT5_PORT": "0", "SYSTEM_MONITOR_MQTT_WEBSOCKET_PORT": "0"}
    return {**inherited, **homes, **only_main, **extra}


class Monitor:
    """One running ``system-monitor``; its output goes to files in ``folder``."""

    def __init__(
        self,
        folder: Path,
        role: str,
        *options: str,
        variables: Mapping[str, str] | None = None,
        command: Sequence[str] = (COMMAND,),
    ) -> None:
        """Start ``command``; a port that ``options`` do not contain is 0 here."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._out, self._err = folder / f"{role}.out", folder / f"{role}.err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = psutil.Popen(
                [*command, role, *options],
                stdout=out,
                stderr=err,
                env=environment(folder, **(variables or {})),
            )
        self.http_port = _number(options, "--http-port")
        self.mqtt_port = _number(options, "--mqtt-port")
        self.metrics_port = _number(options, "--metrics-port") or self.http_port

    @property
    def stdout(self) -> str:
        """Its standard output so far."""
        return self._out.read_text()

    @property
    def stderr(self) -> str:
        """Its standard error so far."""
        return self._err.read_text()

    def wait_started(self) -> None:
        """Wait until it has printed its whole start-up text."""
        wait_until(
            lambda: STARTED in self.stdout or self.process.poll() is not None,
            "the announcement",
            SECONDS,
        )
        assert self.process.poll() is None, self.stderr

    def broker_process(self) -> psutil.Process:
        """Return the embedded broker's process."""
        (child,) = self.process.children()
        return child

    def get(self, path: str, **parameters: object) -> Any:
        """Return the JSON of ``/api/v1/system`` + ``path``."""
        status, body = self.answer(f"/api/v1/system{path}", **parameters)
        assert status == 200, body
        return body

    def answer(self, path: str, **parameters: object) -> tuple[int, Any]:
        """Return the status and the JSON of ``path``."""
        url = f"http://127.0.0.1:{self.http_port}{path}?{urlencode(parameters, doseq=True)}"
        try:
            with urllib.request.urlopen(url, timeout=SECONDS) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def missed_ticks(self, sensor: str) -> int:
        """Return how many ticks of ``sensor`` its collector has missed so far."""
        url = f"http://127.0.0.1:{self.metrics_port}/metrics"
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            text = answer.read().decode()
        name = (
            f'^system_monitor_collector_sensor_missed_ticks_total{{.*sensor="{sensor}".*}} (\\d+)'
        )
        found = re.search(name, text, re.MULTILINE)
        assert found, text[:3000]
        return int(found[1])

    def timestamps(self, channel: str = "system/cpu") -> list[int]:
        """Return the times of the samples of ``channel`` in the history; none while it is empty."""
        path = "/api/v1/system/history"
        status, body = self.answer(path, channel=channel, max_points=5000)
        found = body["channels"].get(channel) if status == 200 else None
        return list(found["timestamps"]) if found else []

    def wait_for_history(self, count: int, channel: str = "system/cpu") -> None:
        """Wait until the history has ``count`` samples of ``channel``."""
        wait_until(lambda: len(self.timestamps(channel)) >= count, f"{count} samples", SECONDS)

    def end(self, *signals: signal.Signals) -> tuple[int, float]:
        """Send ``signals``; return the exit code and the seconds until the process ended."""
        began = time.monotonic()
        for each in signals:
            self.process.send_signal(each)
        code = self.process.wait(SECONDS)
        return code, time.monotonic() - began


@contextmanager
def running(
    folder: Path,
    role: str,
    *options: str,
    variables: Mapping[str, str] | None = None,
    wait: bool = True,
    command: Sequence[str] = (COMMAND,),
) -> Iterator[Monitor]:
    """Run ``system-monitor``, by default wait for its start, and stop it at the end."""
    monitor = Monitor(folder, role, *options, variables=variables, command=command)
    try:
        if wait:
            monitor.wait_started()
        yield monitor
    finally:
        if monitor.process.poll() is None:
            monitor.end(signal.SIGTERM)


def free_ports() -> list[str]:
    """Return options with free ports for ``up``."""
    return ["--http-port", str(free_port()), "--mqtt-port", str(free_port())]


def finished(
    folder: Path, *arguments: str, command: Sequence[str] = (COMMAND,), **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run ``system-monitor`` until it exits."""
    return subprocess.run(
        [*command, *arguments],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env=environment(folder, **variables),
        check=False,
    )


def _number(options: tuple[str, ...], name: str) -> int:
    return int(options[options.index(name) + 1]) if name in options else 0
