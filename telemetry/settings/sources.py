"""The sources of settings: options, the environment, a TOML file, the defaults.

Each source overrides those after it.
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
"""Set by `system-monitor run` and by the Python helper: the id of the run around a process."""
# Similar enough for a misspelling. The variables that Kubernetes sets for a service with our name
# are less similar.
_ALIKE = 0.75


def default_config_file() -> Path:
    """Return the path of the TOML file that is read if no other is given."""
    return platformdirs.user_config_path(APPLICATION) / "config.toml"


def config_file() -> Path:
    """Return the path of the TOML file that is read if it exists."""
    return Path(os.environ.get(CONFIG_FILE_VARIABLE) or default_config_file())


def from_file() -> dict[str, Any]:
    """Return the settings in the TOML file, if it exists. Raises OSError and ValueError."""
    file = config_file()
    return tomllib.loads(file.read_text("utf-8")) if file.is_file() else {}


def from_environment(names: Iterable[str]) -> dict[str, str]:
    """Return which of ``names`` the environment sets; an empty variable counts as not set."""
    given = {each.upper(): value for each, value in os.environ.items() if value}
    return {each: given[variable(each)] for each in names if variable(each) in given}


def variable(name: str) -> str:
    """Return the environment variable of the setting ``name``."""
    return f"{ENVIRONMENT_PREFIX}{name.upper()}"


def source_of(name: str, options: Mapping[str, object]) -> str:
    """Return where the value of ``name`` comes from; a secret may come from a file."""
    names = (name, f"{name}_file")
    for each in names:
        if each in options:
            return f"--{each.replace('_', '-')}"
    for each in from_environment(names):
        return variable(each)
    return "the default" if from_file().keys().isdisjoint(names) else str(config_file())


def unknown_variables(known: Iterable[str]) -> list[str]:
    """Return the environment variables that have our prefix but are not in ``known``."""
    ours = {CONFIG_FILE_VARIABLE, RUN_VARIABLE, *map(variable, known)}
    return sorted(
        each
        for each in os.environ
        if each.upper().startswith(ENVIRONMENT_PREFIX) and each.upper() not in ours
    )


def resembling(name: str, known: Iterable[str]) -> str | None:
    """Return the setting that ``name`` is probably a misspelling of."""
    return next(iter(get_close_matches(name.lower(), known, 1, _ALIKE)), None)
