"""The entry point of the command ``system-monitor``.

This module imports little, so that it handles signals before the libraries are loaded.
"""

import importlib
import logging
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from deploy import console
from deploy.lifecycle import EXIT_WRONG_SETTING, end_on_signal
from telemetry.errors import SettingsError, SystemMonitorError

if TYPE_CHECKING:
    from deploy.lean_start import Start

log = logging.getLogger(__name__)

_INTERRUPTED = 130
_LEAN_ROLES = ("collector",)  # after the check of the settings, they need no pydantic


def main() -> NoReturn:
    """Run the program, and exit with its exit code."""
    if not _runs_a_command(sys.argv[1:]):
        end_on_signal()  # not for `run`, whose command inherits the signal handling
    console.prepare()
    try:
        code = run()
    except SystemExit as end:  # raised by --help and similar options
        code = int(end.code or 0)
    except KeyboardInterrupt:  # before `run` has started its command
        code = _INTERRUPTED
    finally:
        console.flush()
    # All parts have stopped. A normal exit would also tear down the libraries, which takes longer
    # than stopping the parts did, and the user who pressed Ctrl-C is waiting.
    os._exit(code or int(console.output_was_lost()))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command with ``arguments`` (default: ``sys.argv``), and return its exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        if _runs_a_command(given):
            from deploy.roles import run as starter  # noqa: PLC0415 - no other role needs it

            status = starter.run(given[1:])
            if status is not None:
                return status
        from deploy import lean_start  # noqa: PLC0415 - `run` starts its command without these
        from deploy.log import configure as configure_log  # noqa: PLC0415

        received = lean_start.received()
        start = received or _checked(given)
        configure_log(start.settings.log_level, start.settings.log_format)
        if received is None:
            _warn_about_ignored_variables()
            if start.role in _LEAN_ROLES and arguments is None:
                lean_start.replace_process(start)
        # This loads only the libraries that the chosen role needs.
        role = importlib.import_module(f"deploy.roles.{start.role}")
        code: int = role.run(start.settings, **start.own)
    except SystemMonitorError as error:
        console.complain(str(error))
        return EXIT_WRONG_SETTING
    return code


def _checked(arguments: Sequence[str]) -> "Start":
    """Return the role in ``arguments``, with its settings.

    Raises SystemMonitorError if an argument or a setting is invalid.
    """
    from deploy import arguments as command_line  # noqa: PLC0415 - takes half a second to import
    from deploy.lean_start import Start  # noqa: PLC0415
    from telemetry.settings.loading import load_settings  # noqa: PLC0415

    role, options, own = command_line.parse(arguments)
    if _runs_a_command(arguments):
        raise SettingsError(command_line.NO_COMMAND)
    return Start(role, load_settings(options), own)


def _warn_about_ignored_variables() -> None:
    """Log a warning that lists all ``SYSTEM_MONITOR_…`` variables that are not settings.

    Such variables are not an error, since another program may use them.
    """
    from telemetry.settings.loading import ignored_variables  # noqa: PLC0415 - as above

    names = ignored_variables()
    if names:
        log.warning("Ignored environment variables that are not settings: %s.", ", ".join(names))


def _runs_a_command(arguments: Sequence[str]) -> bool:
    return list(arguments[:1]) == ["run"]
