"""Parses the command line of ``system-monitor run``, without checking the settings in it.

Loading and checking the settings takes half a second. The user's command starts immediately, and
the settings are checked while it is running.
"""

import argparse
import os
import re
import secrets
from collections.abc import Sequence
from typing import NamedTuple

from telemetry.errors import SettingsError

OPTIONS = (
    *("host_name", "mqtt_url", "mqtt_url_file", "mqtt_host", "mqtt_port", "mqtt_user"),
    *("mqtt_password_file", "mqtt_ca_file", "mqtt_certificate_file", "mqtt_key_file"),
    *("topic_prefix", "http_host", "http_port", "http_token_file", "log_level", "log_format"),
)
"""The settings that `run` takes as options."""
_SETTINGS = {"--config", *(f"--{name.replace('_', '-')}" for name in OPTIONS)}
_LONGEST_NAME = 100
_MOST_TAGS = 16
_LONGEST_TAG = 50
_LONGEST_SLUG = 40
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Request(NamedTuple):
    """The command to run, and the options before ``--``.

    ``options`` is a flat list: the name of a setting, its value, the name of the next setting, and
    so on. The values are not checked yet.
    """

    command: Sequence[str]
    name: str | None
    tags: Sequence[str]
    report: str | None
    options: Sequence[str]

    def new_id(self) -> str:
        """Return a new id made from the run's name or program, such as ``ablation-7-3f9a1c5e``."""
        name = self.name or os.path.basename(self.command[0])  # noqa: PTH119 - loads no pathlib
        slug = re.sub(r"[^A-Za-z0-9_.]+", "-", name).strip("-.")[:_LONGEST_SLUG]
        return f"{slug or 'run'}-{secrets.token_hex(4)}"

    def variables(self) -> dict[str, str]:
        """Return the options as the environment variables that the Python helper reads."""
        pairs = zip(self.options[::2], self.options[1::2], strict=True)
        names = {name.removeprefix("--").replace("-", "_").upper(): value for name, value in pairs}
        if "CONFIG" in names:
            names["CONFIG_FILE"] = names.pop("CONFIG")
        return {f"SYSTEM_MONITOR_{name}": value for name, value in names.items()}


def read(arguments: Sequence[str]) -> Request | None:
    """Return the request, or None if ``arguments`` ask for help or cannot be parsed.

    If the result is None, the full parser prints the help or reports the error. Raises
    SettingsError if the name, a tag or the program is not valid.
    """
    if "--" not in arguments:
        return None
    end = arguments.index("--")
    given, command = arguments[:end], arguments[end + 1 :]
    own: dict[str, list[str]] = {"--name": [], "--tag": [], "--report": []}
    options: list[str] = []
    rest = iter(given)
    for argument in rest:
        option, equals, value = argument.partition("=")
        if option not in own:
            if option not in _SETTINGS:
                return None
            options += [option, value if equals else next(rest, "")]
            continue
        own[option].append(value if equals else next(rest, ""))
    if not command or any("" in values for values in own.values()) or "" in options:
        return None
    name, report = (own[option][-1] if own[option] else None for option in ("--name", "--report"))
    _require_valid(name, own["--tag"])
    if not command[0]:  # for instance from an unset variable in quotes
        raise SettingsError(
            "The command after `--` begins with an empty argument: name a program, as in "
            "`system-monitor run -- python train.py`."
        )
    return Request(command, name, own["--tag"], report, options)


def add(parser: argparse.ArgumentParser) -> None:
    """Add to ``parser`` the arguments of ``run`` that are not settings."""
    parser.usage = "system-monitor run [--name NAME] [--tag TAG]... [options] -- COMMAND..."
    parser.add_argument("--name", help="Name of the run; default: the program and its script.")
    parser.add_argument("--tag", action="append", help="Tag to find the run by; may be repeated.")
    parser.add_argument(
        "--report",
        metavar="DIR",
        help="Folder for the report of the run. The report is downloaded from the API at http_host "
        "and http_port when the run has ended.",
    )


def _require_valid(name: str | None, tags: Sequence[str]) -> None:
    if name is not None and not _is_valid(name, _LONGEST_NAME):
        raise SettingsError(f"--name must have 1 to {_LONGEST_NAME} printable characters.")
    if len(tags) > _MOST_TAGS or not all(_is_valid(tag, _LONGEST_TAG) for tag in tags):
        raise SettingsError(
            f"--tag may be given at most {_MOST_TAGS} times, and each tag must have 1 to "
            f"{_LONGEST_TAG} printable characters."
        )


def _is_valid(text: str, longest: int) -> bool:
    return bool(text.strip()) and len(text) <= longest and not _CONTROL.search(text)
