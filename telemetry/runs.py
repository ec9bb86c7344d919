"""How a run ended. Pure."""

from collections.abc import Mapping

AUTOMATIC, COMMAND, HELPER = "automatic", "command", "helper"
"""What reports a run: the collector, ``system-monitor run``, or the Python helper."""


def failure_of(run: Mapping[str, object]) -> str | None:
    """Return how ``run``, the values of an ended run, failed; None if no failure is known."""
    if run["signal"]:
        return str(run["signal"])
    return f"exit code {run['exit_code']}" if run["exit_code"] else None


def has_unknown_end(run: Mapping[str, object]) -> bool:
    """Return whether the outcome of ``run``, the values of an ended run, is unknown."""
    return not run["signal"] and run["exit_code"] is None


def may_have_failed(run: Mapping[str, object]) -> bool:
    """Return whether ``run``, the values of an ended run, failed, or was killed with its publisher.

    The exit code of an automatic run is never known, so it counts as successful.
    """
    unknown = has_unknown_end(run) and run["how"] != AUTOMATIC
    return unknown or failure_of(run) is not None
