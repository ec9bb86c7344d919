"""How a run ended. Pure."""

from collections.abc import Mapping

AUTOMATIC, COMMAND, HELPER = "automatic", "command", "helper"
"""How a run was reported: by the collector, ``system-monitor run`` or the Python helper."""


def failure_of(run: Mapping[str, object]) -> str | None:
    """Return the signal or exit code of a failed run; None if no failure of ``run`` is known."""
    if run["signal"]:
        return str(run["signal"])
    return f"exit code {run['exit_code']}" if run["exit_code"] else None


def has_unknown_end(run: Mapping[str, object]) -> bool:
    """Return whether neither the signal nor the exit code of an ended run is known."""
    return not run["signal"] and run["exit_code"] is None


def may_have_failed(run: Mapping[str, object]) -> bool:
    """Return whether an ended run failed or might have failed.

    If neither an exit code nor a signal is known, the run might have been killed together with its
    publisher. Automatic runs are an exception: their exit codes are never known.
    """
    unknown = has_unknown_end(run) and run["how"] != AUTOMATIC
    return unknown or failure_of(run) is not None
