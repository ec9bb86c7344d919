"""Reads secrets from files, which is how Docker, Kubernetes and systemd provide them.

For example, the setting ``http_token_file`` is the path of a file that contains ``http_token``.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_LARGEST_BYTES = 65_536


class SecretFileError(ValueError):
    """A setting such as ``http_token_file`` does not provide a valid secret."""

    def __init__(self, setting: str, path: object, reason: str) -> None:
        """Store the parts of the message to the user.

        In the message, ``reason`` follows the words "is not valid: it".
        """
        super().__init__(reason)
        self.setting = setting
        self.path = path
        self.reason = reason


def file_setting(secret: str) -> str:
    """Return the file setting of a secret, such as ``http_token_file`` for ``http_token``."""
    return f"{secret}_file"


def resolved(given: Mapping[str, Any], secrets: Iterable[str]) -> dict[str, Any]:
    """Return ``given`` with secrets read from files: ``http_token_file`` becomes ``http_token``.

    Raises SecretFileError if a secret cannot be read from its file, or if ``given`` contains both a
    secret and the setting for its file.
    """
    values = dict(given)
    for secret in secrets:
        setting = file_setting(secret)
        path = values.pop(setting, None)
        if path is None:
            continue
        if values.get(secret) is not None:
            raise SecretFileError(setting, path, f"must not be set together with {secret}")
        values[secret] = _read(setting, path)
    return values


def _read(setting: str, path: object) -> str:
    if not isinstance(path, str | Path) or not str(path).strip() or "\x00" in str(path):
        raise SecretFileError(setting, path, "must be a file path")
    try:
        with Path(path).expanduser().open("rb") as file:
            content = file.read(_LARGEST_BYTES + 1)
        text = content.decode()
    except UnicodeDecodeError:
        raise SecretFileError(setting, path, "must name a UTF-8 text file") from None
    except (OSError, RuntimeError) as error:
        reason = (getattr(error, "strerror", None) or "no such user").lower()
        raise SecretFileError(setting, path, f"must name a readable file ({reason})") from None
    if len(content) > _LARGEST_BYTES:
        reason = (
            "must name a file that contains only the secret, but the file is larger than 64 KiB"
        )
        raise SecretFileError(setting, path, reason)
    secret = text.rstrip("\r\n")
    if not secret:
        reason = "must name a file that contains the secret, but the file is empty"
        raise SecretFileError(setting, path, reason)
    return secret
