"""The command ``system-monitor``.

This module imports little, so that it handles signals before the libraries are loaded.
"""

import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from deploy import console
from deploy.lifecycle import EXIT_WRONG_SETTING, end_on_signal
from telemetry.errors import SettingsError, SystemMonitorError

_INTERRUPTED = 130


def main() -> NoReturn:
    """Run the program and end the process with its exit code."""
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
        from deploy import arguments as command_line  # noqa: PLC0415 - takes half a second to import
        from deploy import log  # noqa: PLC0415
        from telemetry.settings import load_settings  # noqa: PLC0415

        role, options, own = command_line.parse(given)
        if _runs_a_command(given):
            raise SettingsError(command_line.NO_COMMAND)
        settings = load_settings(options)
        log.configure(settings.log_level, settings.log_format)
        log.warn_about_ignored_variables()
        # This loads only the libraries that the chosen role needs.
        code: int = importlib.import_module(f"deploy.roles.{role}").run(settings, **own)
    except SystemMonitorError as error:
        console.complain(str(error))
        return EXIT_WRONG_SETTING
    return code


def _runs_a_command(arguments: Sequence[str]) -> bool:
    return list(arguments[:1]) == ["run"]
