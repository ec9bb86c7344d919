"""The command ``system-monitor``.

This module imports little, so that it handles signals before the libraries are loaded.
"""

import importlib
import os
from collections.abc import Sequence
from typing import NoReturn

from deploy import console
from deploy.lifecycle import EXIT_WRONG_SETTING, end_on_signal
from telemetry.errors import SystemMonitorError


def main() -> NoReturn:
    """Run the program and end the process with its exit code."""
    end_on_signal()
    console.prepare()
    try:
        code = run()
    except SystemExit as end:  # of --help and the like
        code = int(end.code or 0)
    finally:
        console.flush()
    # All parts have stopped. A normal exit would also tear down the libraries, which takes longer
    # than stopping the parts did, and the user who pressed Ctrl-C is waiting.
    os._exit(code or int(console.output_was_lost()))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command with ``arguments``, by default those of the process; return its exit code."""
    from deploy import arguments as command_line  # noqa: PLC0415 - it takes half a second
    from deploy import log  # noqa: PLC0415
    from telemetry.settings import load_settings  # noqa: PLC0415

    try:
        role, options, own = command_line.parse(arguments)
        settings = load_settings(options)
        log.configure(settings.log_level, settings.log_format)
        log.warn_about_ignored_variables()
        # Loads the libraries of the chosen role only.
        code: int = importlib.import_module(f"deploy.roles.{role}").run(settings, **own)
    except SystemMonitorError as error:
        console.complain(str(error))
        return EXIT_WRONG_SETTING
    return code
