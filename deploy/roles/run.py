"""The command ``system-monitor run``."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.console import complain, note
from deploy.runs import request as command_line
from deploy.runs.child import Child, CommandError, End, allow_interruption, end_like
from telemetry.errors import SystemMonitorError

if TYPE_CHECKING:
    from telemetry.settings import Settings

RUN_VARIABLE = "SYSTEM_MONITOR_RUN_ID"  # also in telemetry.settings, which takes long to load


def run(arguments: Sequence[str]) -> int | None:
    """Run the command in ``arguments``, and return its exit code.

    If a signal ended the command, this process ends with the same signal. If ``arguments`` ask for
    help or cannot be parsed, return None without running anything. The full parser then prints the
    help or reports the error. Raises SettingsError.
    """
    request = command_line.read(arguments)
    if request is None:
        return None
    identity = request.new_id()
    child = Child(request.command, {**os.environ, **request.variables(), RUN_VARIABLE: identity})
    started = time.time_ns() // 1_000_000
    try:
        child.start()
    except CommandError as error:
        complain(str(error))
        return error.code
    return end_like(_accompany(child, request, identity, started))


def _accompany(child: Child, request: command_line.Request, identity: str, started: int) -> End:
    """Track the running command, publish it as a run, and print the summary of the run."""
    from collector.runs.tree import TreeUsage  # noqa: PLC0415 - only once the command runs
    from deploy.runs import text  # noqa: PLC0415
    from deploy.runs.broadcast import Broadcast  # noqa: PLC0415
    from deploy.runs.sampler import Sampler  # noqa: PLC0415

    sampler = Sampler(child.pid)
    broadcast = Broadcast(request, identity, child.pid, started, sampler)
    try:
        sampler.start()
        broadcast.start()
    except RuntimeError as error:  # no thread can start; the command must continue
        complain(f"The run cannot be tracked: {error}.")
    end = child.wait(lambda: sampler.pids, sampler.stop)
    ended = time.time_ns() // 1_000_000
    usage = sampler.usage or TreeUsage(0.0, 0, None, None)
    # The kernel's figures include processes that ended between two samples; the sampler's do not.
    values = broadcast.values(ended)
    values |= {
        "ram_peak": max(usage.ram_peak, end.ram_peak) or None,
        "cpu_seconds": round(max(usage.cpu_seconds, end.cpu_seconds), 2),
    }
    note(text.summary(broadcast.name, end, values, broadcast.summary.gpu.gpus))
    was_published = broadcast.stop(end, ended, values)
    if request.report is not None:
        settings = broadcast.settings if was_published else None
        _save_report(request.report, identity, settings, killed=end.signal == "SIGKILL")
    return end


def _save_report(folder: str, identity: str, settings: "Settings | None", *, killed: bool) -> None:
    if settings is None:
        complain("The report was not saved, because the end of this run could not be published.")
        return
    from deploy.runs import report  # noqa: PLC0415

    try:
        allow_interruption()
        file = report.save(settings, identity, Path(folder), killed=killed)
        note(f"system-monitor: The report was saved as {file}.")
    except SystemMonitorError as error:
        complain(str(error))
    except KeyboardInterrupt:
        complain("The report was not saved, because Ctrl-C was pressed.")
