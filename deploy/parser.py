"""A command-line parser that prints help and errors like the rest of the program."""

import argparse
import sys
from typing import Any, NoReturn

from deploy import console
from telemetry.errors import SettingsError


class Parser(argparse.ArgumentParser):
    """Raises SettingsError for an invalid command line."""

    def _print_message(self, message: str, file: Any = None) -> None:  # noqa: ANN401 - argparse has no public type
        # argparse's method ignores a full disk and, before Python 3.11.4, fails if the reader of a
        # long help has closed the pipe.
        if file is sys.stdout:
            console.say(message.removesuffix("\n"))
        else:
            super()._print_message(message, file)

    def error(self, message: str) -> NoReturn:
        """Raise SettingsError."""
        raise SettingsError(f"{message[0].upper()}{message[1:]}; see `{self.prog} --help`.")
