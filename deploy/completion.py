"""Generates shell completion for bash, zsh and fish from the command's own parser.

The scripts are static: pressing TAB does not start Python.
"""

import argparse
from collections.abc import Iterator

import shtab

VALUES = {
    "embedded_broker": ("auto", "mosquitto", "bundled"),
    "log_level": ("debug", "info", "warning", "error"),
    "log_format": ("plain", "json"),
    "notify_runs": ("all", "failed", "none"),
    "notify_severity": ("info", "warning", "critical"),
}
"""Maps each setting that accepts only certain values to these values.

The values are used only for completion: the parser accepts any text, which is checked later.
"""
_PATHS = {"FILE": shtab.FILE, "DIR": shtab.DIRECTORY}


def script(parser: argparse.ArgumentParser, shell: str) -> str:
    """Return the script that adds tab completion for ``parser``'s command to ``shell``.

    The script completes an argument's value from its choices or from ``VALUES``. If the metavar
    is ``FILE`` or ``DIR``, the script completes paths. This function modifies ``parser``, which
    must not be used afterwards.
    """
    for action in _actions(parser):
        _describe(action)
    text = shtab.complete(parser, shell)
    # Fish's own completion of files handles spaces and `~`; shtab's completion does not.
    return text.replace(f'-xka "{shtab.FILE["fish"]}"', "-rF") if shell == "fish" else text


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:  # noqa: SLF001 - argparse has no public list of actions
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - likewise
            for command in action.choices.values():
                yield from _actions(command)


def _describe(action: argparse.Action) -> None:
    if action.dest in VALUES:
        action.choices = VALUES[action.dest]
    elif action.nargs == argparse.OPTIONAL and action.option_strings:
        action.nargs = 0  # a switch: what follows it is most likely the next option
    elif isinstance(action.metavar, str) and action.metavar in _PATHS:
        action.complete = _PATHS[action.metavar]  # type: ignore[attr-defined]
