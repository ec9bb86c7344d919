"""How a run ended. Pure."""

from collections.abc import Mapping

AUTOMATIC, COMMAND, HELPER = "automatic", "command", "helper"
"""How a run was reported: by the collector, ``system-monitor run`` or the Python helper."""


def failure_of(run: Mapping[str, object]) -> str | None:
    """Return how an ended run with the values ``run`` failed; None if no failure is known."""
    if run["signal"]:
        return str(run["signal"])
    return f"exit code {run['exit_code']}" if run["exit_code"] else None


def has_unknown_end(run: Mapping[str, object]) -> bool:
    """Return whether the outcome of an ended run with the values ``run`` is unknown."""
    return not run["signal"] and run["exit_code"] is None


def may_have_failed(run: Mapping[str, object]) -> bool:
    """Return whether an ended run with the values ``run`` failed, or has an unknown outcome.

    A run whose outcome is unknown may have been killed together with its publisher. But the exit
    code of an automatic run is never known, so the lack of it does not count as a failure.
    """
    unknown = has_unknown_end(run) and run["how"] != AUTOMATIC
    return unknown or failure_of(run) is not None
