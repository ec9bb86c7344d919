"""The command line: the roles, and the settings that each role takes as options."""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from typing import Any

from deploy import console, own_arguments
from deploy.parser import Parser
from deploy.role_table import ROLES
from telemetry import __version__
from telemetry.errors import SettingsError
from telemetry.settings import CONFIG_FILE_VARIABLE, default_config_file
from telemetry.settings.fields import SettingFields

NO_COMMAND = "The command must come after `--`, as in `system-monitor run -- python train.py`."
_DESCRIPTION = """\
Monitors machine-learning machines: publishes GPU, CPU, memory, disk and network metrics, training
runs and findings over MQTT, REST and WebSocket. `system-monitor up` starts everything; `check`
shows the settings."""

_EPILOG = f"""\
Each setting can also be an environment variable (SYSTEM_MONITOR_HTTP_PORT=8080) or a line in the
TOML file {default_config_file()} (http_port = 8080).
Options override the environment, which overrides the file. Passwords and tokens cannot be options,
because every user of the machine can read a command line. Instead, set a variable such as
SYSTEM_MONITOR_HTTP_TOKEN, or name a file that contains the password or token, for example with
SYSTEM_MONITOR_HTTP_TOKEN_FILE or --http-token-file FILE.

Exit codes: 0 success, or stopped normally; 1 the command or a part of System Monitor failed, or the
output could not be written; 2 invalid arguments or settings; 130 the command was interrupted before
it finished. The command `run` returns the exit code of the command that it runs."""


def parse(arguments: Sequence[str] | None) -> tuple[str, dict[str, object], dict[str, Any]]:
    """Return the role, the settings given as options, and the role's own arguments.

    Raises SystemExit for ``--help`` and similar options, and SettingsError if the arguments are
    invalid. The error's message does not repeat the value of an option that the role does not
    accept, because the value could be a secret.
    """
    _refuse_option_before_command(sys.argv[1:] if arguments is None else arguments)
    parser = command_parser()
    known, rest = parser.parse_known_args(arguments)
    given = vars(known)
    role: str | None = given.pop("role")
    if role == "completion" and not rest:
        from deploy import completion  # noqa: PLC0415 - no other command needs shtab

        console.say(completion.script(parser, given["shell"]))
        parser.exit()
    if role is None:
        parser.print_help(sys.stderr)
        parser.exit(2)
    if role == "run" and rest and (rest[0] == "--" or not rest[0].startswith("-")):
        raise SettingsError(NO_COMMAND)
    if rest:
        raise SettingsError(_refusal(role, rest[0].partition("=")[0]))
    _refuse_exposed_password(given.get("mqtt_url"))
    file = given.pop("config", None)
    if file is not None:
        os.environ[CONFIG_FILE_VARIABLE] = file
    own = {name: given.pop(name) for name in given.keys() - set(SettingFields.names())}
    return role, given, own


def _refusal(role: str, option: str) -> str:
    name = option.removeprefix("--").replace("-", "_")
    options = ROLES[role].options
    problem = f"Unknown argument {option}"
    if name in SettingFields.model_fields and name not in options:
        problem = f"`{role}` does not accept {option}"
    if name in SettingFields.secrets() and f"{name}_file" in options:
        problem += f", because other users can read a command line: use {option}-file"
    return f"{problem}; see `system-monitor {role} --help`."


def _refuse_option_before_command(arguments: Sequence[str]) -> None:
    # argparse would take the option's value, which may be a secret, for the command and print it.
    first = arguments[0].partition("=")[0] if arguments else ""
    if first.startswith("-") and first not in ("-h", "--help", "--version"):
        raise SettingsError(
            f"The command comes before its options, as in `system-monitor up {first} …`; "
            "see `system-monitor --help`."
        )


def _refuse_exposed_password(mqtt_url: object) -> None:
    if re.search(r"//[^/@]*:[^/]*@", str(mqtt_url)):
        raise SettingsError(
            "--mqtt-url contains a password, and other users can read a command line. Put the URL "
            "into SYSTEM_MONITOR_MQTT_URL or a file (--mqtt-url-file), or the password into a file "
            "(--mqtt-password-file)."
        )


def command_parser() -> argparse.ArgumentParser:
    """Return the parser of the command, with a subparser for each role."""
    parser = Parser(
        "system-monitor",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"system-monitor {__version__}")
    roles = parser.add_subparsers(dest="role", metavar="COMMAND", title="commands")
    for name, role in ROLES.items():
        examples = f"examples:\n{role.examples}\n\n" if role.examples else ""
        role_parser = roles.add_parser(
            name,
            help=role.help,
            description=f"{role.help[0].upper()}{role.help[1:]}.\n{role.more}",
            epilog=examples + (_EPILOG if role.options else ""),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        if role.options:
            _add_options(role_parser, role.options)
    own_arguments.add(roles.choices)
    return parser


def _add_options(parser: argparse.ArgumentParser, names: Sequence[str]) -> None:
    parser.add_argument("--config", metavar="FILE", help="TOML file with settings")
    for name in names:
        switch = _is_switch(name)
        more: dict[str, Any] = {"nargs": "?", "const": "true"} if switch else {}
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            dest=name,
            metavar="true" if switch else name.rpartition("_")[2].upper(),
            default=argparse.SUPPRESS,
            help=_help(name).replace("%", "%%"),
            **more,
        )


def _is_switch(name: str) -> bool:
    field = SettingFields.model_fields.get(name)
    return field is not None and field.annotation is bool


def _help(name: str) -> str:
    field = SettingFields.model_fields.get(name)
    if field is None:
        return f"File that contains {name.removesuffix('_file')}."
    no_default = field.default_factory or field.default in (None, "", (), False)
    default = str(field.default).lower() if field.annotation is bool else field.default
    return f"{field.description}" if no_default else f"{field.description} [{default}]"
