"""Loads the settings, and reports the first error in one sentence."""

import os
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from telemetry.errors import SettingsError
from telemetry.settings.fields import SettingFields
from telemetry.settings.model import Settings
from telemetry.settings.secret import MASK
from telemetry.settings.secret_files import SecretFileError
from telemetry.settings.sources import (
    CONFIG_FILE_VARIABLE,
    ENVIRONMENT_PREFIX,
    config_file,
    from_environment,
    from_file,
    resembling,
    source_of,
    unknown_variables,
    variable,
)
from telemetry.settings.together import require_consistency

_LONGEST_QUOTE = 80


def load_settings(options: Mapping[str, object] | None = None) -> Settings:
    """Return the effective settings; ``options`` are the settings on the command line.

    Raises SettingsError for the first error.
    """
    given = dict(options or {})
    _refuse_misspelt_variables()
    values = {**_from_file(), **from_environment(SettingFields.names()), **given}
    try:
        settings = validated(values)
    except ValidationError as error:
        raise SettingsError(_sentence(error, given)) from None
    try:
        require_consistency(settings)
    except ValueError as error:
        raise SettingsError(f"{error}.") from None
    return settings


def validated(values: Mapping[str, object]) -> Settings:
    """Return settings built from ``values``; all other settings have their defaults.

    Raises pydantic's ValidationError. Does not check combinations of settings.
    """
    return Settings(**dict(SettingFields.model_validate(values)))


def _from_file() -> dict[str, Any]:
    file = config_file()
    try:
        if os.environ.get(CONFIG_FILE_VARIABLE) and not file.exists():
            raise SettingsError(f"The settings file {file} does not exist.")
        return from_file()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is not valid TOML: {error}.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsError(f"The settings in {file} cannot be read: {error}.") from None


def ignored_variables() -> list[str]:
    """Return the environment variables that begin with SYSTEM_MONITOR_ but have no effect."""
    return unknown_variables(SettingFields.names())


def _refuse_misspelt_variables() -> None:
    for each in ignored_variables():
        meant = resembling(each[len(ENVIRONMENT_PREFIX) :], SettingFields.names())
        if meant is not None:
            raise SettingsError(f"{each} is not a setting: did you mean {variable(meant)}?")


def _sentence(error: ValidationError, options: Mapping[str, object]) -> str:
    first = error.errors(include_url=False)[0]
    reason = first["msg"].removeprefix("Value error, ")
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, SecretFileError):
        source = source_of(cause.setting, options)
        path = _quoted(str(cause.path))
        return f"{cause.setting}={path} (from {source}) is not valid: it {cause.reason}."
    name = str(first["loc"][0])
    field = SettingFields.model_fields.get(name)
    source = source_of(name, options)
    if field is None:
        return f"{_quoted(name)} (from {source}) is not a setting: {_advice(name)}"
    value = MASK if name in SettingFields.secrets() else _quoted(first["input"])
    return f"{name}={value} (from {source}) is not valid: it {_rule(field) or _reworded(reason)}."


def _advice(name: str) -> str:
    meant = resembling(name, SettingFields.names())
    return (
        f"did you mean {meant}?"
        if meant
        else f"the settings are {', '.join(SettingFields.model_fields)}."
    )


def _quoted(value: object) -> str:
    """Return ``value`` on one line; a long value is shortened, and the login in a URL is masked."""
    quoted = re.sub(r"//\S*@", f"//{MASK}@", repr(value))
    if len(quoted) > _LONGEST_QUOTE:
        return f"{quoted[: _LONGEST_QUOTE - 20]}…{quoted[-20:]}"
    return quoted


def _rule(field: FieldInfo) -> str | None:
    """Return the rule for the value of a number or boolean field; None for other fields.

    The rule for a number states both bounds; pydantic's message states only one.
    """
    if field.annotation is bool:
        return "must be true or false"
    bounds = {
        bound: getattr(constraint, bound)
        for constraint in field.metadata
        for bound in ("ge", "le")
        if hasattr(constraint, bound)
    }
    if not bounds:
        return None
    kind = "a whole number" if field.annotation in (int, int | None) else "a number"
    return f"must be {kind} from {bounds['ge']:g} to {bounds['le']:g}"


def _reworded(reason: str) -> str:
    return re.sub(r"^\w+ should ", "must ", reason).replace("a valid string", "text")
