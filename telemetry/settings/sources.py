"""The sources of settings: options, the environment, a TOML file, and the defaults.

Options override the environment, which overrides the file, which overrides the defaults.
"""

import os
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import platformdirs

APPLICATION = "system-monitor"
ENVIRONMENT_PREFIX = "SYSTEM_MONITOR_"
CONFIG_FILE_VARIABLE = f"{ENVIRONMENT_PREFIX}CONFIG_FILE"
RUN_VARIABLE = f"{ENVIRONMENT_PREFIX}RUN_ID"
"""The environment variable that contains the id of the run that a process belongs to.

`system-monitor run` and the Python helper set this variable, which is not a setting.
"""
# A name that is at least this similar to a setting counts as a misspelling. The variables that
# Kubernetes sets for a service with our name, such as SYSTEM_MONITOR_PORT_8000_TCP_ADDR, are less
# similar.
_ALIKE = 0.75


def default_config_file() -> Path:
    """Return the path of the TOML file that is read if CONFIG_FILE_VARIABLE is not set."""
    return platformdirs.user_config_path(APPLICATION) / "config.toml"


def config_file() -> Path:
    """Return the path of the TOML file with settings, even if there is no such file."""
    return Path(os.environ.get(CONFIG_FILE_VARIABLE) or default_config_file())


def from_file() -> dict[str, Any]:
    """Return the settings in the TOML file, or an empty dictionary if there is no file.

    Raises OSError if the file cannot be read, and ValueError if it is not valid TOML in UTF-8.
    """
    file = config_file()
    return tomllib.loads(file.read_text("utf-8")) if file.exists() else {}


def from_environment(names: Iterable[str]) -> dict[str, str]:
    """Return the value of each setting in ``names`` whose environment variable is set.

    An empty variable counts as unset.
    """
    given = {each.upper(): value for each, value in os.environ.items() if value}
    return {each: given[variable(each)] for each in names if variable(each) in given}


def variable(name: str) -> str:
    """Return the name of the environment variable for the setting ``name``."""
    return f"{ENVIRONMENT_PREFIX}{name.upper()}"


def source_of(name: str, options: Mapping[str, object]) -> str:
    """Return the option, variable or file that sets ``name``, or ``the default``.

    For a secret that is read from a file, return what sets the file's path.
    """
    names = (name, f"{name}_file")
    for each in names:
        if each in options:
            return f"--{each.replace('_', '-')}"
    for each in from_environment(names):
        return variable(each)
    return "the default" if from_file().keys().isdisjoint(names) else str(config_file())


def unknown_variables(known: Iterable[str]) -> list[str]:
    """Return the environment variables that begin with SYSTEM_MONITOR_ but have no effect.

    Only CONFIG_FILE_VARIABLE, RUN_VARIABLE and the variables of the settings in ``known`` have an
    effect.
    """
    ours = {CONFIG_FILE_VARIABLE, RUN_VARIABLE, *map(variable, known)}
    return sorted(
        each
        for each in os.environ
        if each.upper().startswith(ENVIRONMENT_PREFIX) and each.upper() not in ours
    )


def resembling(name: str, known: Iterable[str]) -> str | None:
    """Return the setting in ``known`` that ``name`` probably means; None if none is similar."""
    return next(iter(get_close_matches(name.lower(), known, 1, _ALIKE)), None)
