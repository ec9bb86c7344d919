"""All settings, their allowed values, and the sources from which they are read."""

from telemetry.settings.model import Settings, reachable
from telemetry.settings.secret_files import file_setting
from telemetry.settings.sources import (
    CONFIG_FILE_VARIABLE,
    ENVIRONMENT_PREFIX,
    RUN_VARIABLE,
    config_file,
    default_config_file,
)

__all__ = [
    "CONFIG_FILE_VARIABLE",
    "ENVIRONMENT_PREFIX",
    "RUN_VARIABLE",
    "Settings",
    "config_file",
    "default_config_file",
    "file_setting",
    "reachable",
]
