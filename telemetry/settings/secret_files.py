"""Secrets that a file holds, as Docker, Kubernetes and systemd hand them over.

Where the setting ``http_token`` is a secret, ``http_token_file`` may name the file that holds it.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from telemetry.settings.sources import variable

_LARGEST_BYTES = 65_536


class SecretFileError(ValueError):
    """A file that cannot give a secret; ``setting`` and ``path`` say which."""

    def __init__(self, setting: str, path: object, reason: str) -> None:
        """Keep what the sentence for the user needs; ``reason`` follows ``it …``."""
        super().__init__(reason)
        self.setting = setting
        self.path = path
        self.reason = reason


def file_setting(secret: str) -> str:
    """Return the setting that names the file which holds ``secret``."""
    return f"{secret}_file"


def from_environment(secrets: Iterable[str]) -> dict[str, Any]:
    """Return what variables such as ``SYSTEM_MONITOR_HTTP_TOKEN_FILE`` say, by setting."""
    given = {name.upper(): value for name, value in os.environ.items() if value}
    settings = map(file_setting, secrets)
    return {each: given[variable(each)] for each in settings if variable(each) in given}


def resolved(given: Mapping[str, Any], secrets: Iterable[str]) -> dict[str, Any]:
    """Return ``given`` with each named file replaced by the secret in it.

    Raises SecretFileError.
    """
    values = dict(given)
    for secret in secrets:
        setting = file_setting(secret)
        path = values.pop(setting, None)
        if path is None:
            continue
        if values.get(secret) is not None:
            raise SecretFileError(setting, path, f"must not be set beside {secret}")
        values[secret] = _read(setting, path)
    return values


def _read(setting: str, path: object) -> str:
    if not isinstance(path, str | Path) or not str(path).strip() or "\x00" in str(path):
        raise SecretFileError(setting, path, "must be the path of a file")
    try:
        with Path(path).expanduser().open("rb") as file:
            content = file.read(_LARGEST_BYTES + 1)
        text = content.decode()
    except UnicodeDecodeError:
        raise SecretFileError(setting, path, "must name a file of text, in UTF-8") from None
    except (OSError, RuntimeError) as error:
        reason = (getattr(error, "strerror", None) or "there is no such user").lower()
        raise SecretFileError(setting, path, f"must name a readable file ({reason})") from None
    if len(content) > _LARGEST_BYTES:
        raise SecretFileError(setting, path, "must name a file with a secret alone, and it is huge")
    secret = text.rstrip("\r\n")
    if not secret:
        raise SecretFileError(setting, path, "must name a file with a secret, and it is empty")
    return secret
