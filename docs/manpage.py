"""The manual page of ``system-monitor``, generated from the command's own parser."""

import argparse
import re
from collections.abc import Iterator

from deploy import arguments
from telemetry import __version__
from telemetry.settings import Settings, default_config_file

_SEE_ALSO = "mosquitto_sub(1), nvidia-smi(1)"


def manpage() -> str:
    """Return the page in roff, as ``man`` reads it. It does not depend on the machine."""
    parser = arguments.command_parser()
    text = "\n".join(_page(parser)) + "\n"
    return text.replace(_escaped(str(default_config_file())), _escaped(_CONFIG))


_CONFIG = "~/.config/system-monitor/config.toml"


def _page(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield '.\\" Made by `make docs` from the parser of the command; do not edit.'
    yield f'.TH SYSTEM-MONITOR 1 "" "System Monitor {__version__}" "User Commands"'
    yield ".SH NAME"
    yield "system-monitor \\- metrics of machine-learning machines over MQTT, REST and WebSocket"
    yield ".SH SYNOPSIS"
    yield ".B system-monitor\n.I COMMAND\n[\\fIOPTION\\fR]..."
    yield ".SH DESCRIPTION"
    yield from _paragraph(parser.description or "")
    yield ".SH COMMANDS"
    for name, command in _commands(parser):
        yield from _command(name, command)
    yield ".SH SETTINGS"
    yield from _paragraph("Each command accepts those that it lists.")
    for name, field in Settings.model_fields.items():
        yield f".TP\n.B {_escaped(_option(name))}"
        yield _escaped((field.description or "").replace("`", ""))
    yield ".SH FILES AND VARIABLES"
    yield from _paragraph(parser.epilog or "")
    yield ".SH SEE ALSO"
    yield _escaped(_SEE_ALSO)


def _command(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    yield f".SS {_escaped(name)}"
    yield from _paragraph(parser.description or "")
    settings = []
    for action in parser._actions:  # noqa: SLF001 - argparse has no public list of them
        if action.dest in Settings.names():
            settings.append(_option(action.dest))
        elif action.dest != "help":
            yield f".TP\n.B {_escaped(_form(action))}"
            yield _escaped((action.help or "").replace("%%", "%"))
    if settings:
        yield f".PP\nSettings: {_escaped(', '.join(settings))}."
    examples, _, _ = (parser.epilog or "").partition("\n\n")
    if examples.startswith("examples:"):
        yield ".PP\nExamples:\n.PP\n.nf"
        yield _escaped(examples.partition("\n")[2])
        yield ".fi"


def _commands(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:  # noqa: SLF001 - likewise
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - likewise
            yield from action.choices.items()


def _form(action: argparse.Action) -> str:
    value = action.metavar or "|".join(map(str, action.choices or ())) or action.dest.upper()
    if not action.option_strings:
        return str(value)
    return (
        action.option_strings[-1] if action.nargs == 0 else f"{action.option_strings[-1]} {value}"
    )


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _paragraph(text: str) -> Iterator[str]:
    for block in text.split("\n\n"):
        yield f".PP\n{_escaped(block)}"


def _escaped(text: str) -> str:
    """Return ``text`` escaped for roff, so that no line is a roff request."""
    plain = text.replace("\\", "\\e").replace("-", "\\-")
    plain = re.sub(r"[^\x00-\x7f]", lambda found: f"\\[u{ord(found[0]):04X}]", plain)
    return re.sub(r"^([.'])", r"\\&\1", plain, flags=re.MULTILINE)
