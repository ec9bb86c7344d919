"""Parses and validates the values of settings.

The user sees the message of each ValueError after the words "is not valid: it".
"""

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from telemetry.bus.address import BrokerAddress
from telemetry.catalogue.thresholds import THRESHOLDS
from telemetry.quantities import with_unit

SENSORS = ("gpu", "cpu", "memory", "disk", "network")

_MQTT_PORTS = {"mqtt": 1883, "mqtts": 8883}
_LEVELS = ("debug", "info", "warning", "error")
_FORMATS = ("plain", "json")
MOSQUITTO, BUNDLED = "mosquitto", "bundled"
_EMBEDDED_BROKERS = ("auto", MOSQUITTO, BUNDLED)
_LONGEST_URL = 2048
_BROKER_URL = (
    "must look like mqtt://user:password@host:1883 or mqtts://host:8883, "
    "with characters such as @ / ? # % in the login percent-encoded (@ as %40)"
)
_ORIGINS = (
    "must be one or more origins such as https://grafana.example, separated by commas, "
    "each with only a scheme, host and port"
)
_SHORTEST_TOKEN = 16
_LONGEST_TOKEN = 512
_LONGEST_PASSWORD = 1024
_INFLUXDB_URL = "must look like http://host:8086 or https://host, without a login or a path"


def require_text(value: str) -> str:
    """Reject control characters and invalid Unicode.

    MQTT topics and HTTP headers must not contain either, and JSON cannot contain invalid Unicode.
    """
    if re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]", value):
        raise ValueError("must not contain control characters or invalid UTF-8")
    return value


def host_name(value: str) -> str:
    """Return ``value`` if it is valid as a topic level and in an MQTT client id."""
    require_text(value)
    if not value.strip() or re.search(r"[/+#$]", value):
        raise ValueError("must be a name without '/', '+', '#' or '$'")
    return value


def topic_prefix(value: str) -> str:
    """Return ``value`` if it is valid at the beginning of a topic; it may contain ``{host}``."""
    require_text(value)
    if re.search(r"[+#]", value):
        raise ValueError("must not contain '+' or '#'")
    if value.startswith(("/", "$")) or value.endswith("/"):
        raise ValueError("must not begin with '/' or '$', or end with '/'")
    if re.search(r"[{}]", value.replace("{host}", "", 1)):
        raise ValueError("may contain '{host}' once and no other braces")
    if "{host}" in value and "{host}" not in value.split("/"):
        raise ValueError("must use '{host}' as a whole topic level, as in 'fleet/{host}'")
    return value


def listening_host(value: str) -> str:
    """Return the address or host name to listen on, without the brackets around an IPv6 address."""
    bare = value[1:-1] if re.fullmatch(r"\[.*\]", value) else value
    if not re.fullmatch(r"[A-Za-z0-9._:%-]{1,253}", bare):
        raise ValueError("must be an address or name of this machine, such as 127.0.0.1")
    return bare


def identifier(value: str) -> str:
    """Return ``value`` if it is valid in MQTT topic filters and client ids."""
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", value):
        raise ValueError("must be 1 to 64 letters, digits, '_', '.' or '-'")
    return value


def log_level(value: str) -> str:
    """Return the log level in lower case."""
    level = value.lower()
    if level not in _LEVELS:
        raise ValueError(f"must be one of {', '.join(_LEVELS)}")
    return level


def log_format(value: str) -> str:
    """Return the log format in lower case."""
    chosen = value.lower()
    if chosen not in _FORMATS:
        raise ValueError(f"must be one of {', '.join(_FORMATS)}")
    return chosen


def embedded_broker(value: str) -> str:
    """Return the value of the setting ``embedded_broker`` in lower case."""
    chosen = value.lower()
    if chosen not in _EMBEDDED_BROKERS:
        raise ValueError(f"must be one of {', '.join(_EMBEDDED_BROKERS)}")
    return chosen


def sensors(value: object) -> tuple[str, ...]:
    """Return sensor names in lower case, from a list or comma-separated text."""
    parts: object = value.split(",") if isinstance(value, str) else value
    listed = parts if isinstance(parts, list | tuple) else [None]
    names = [str(part).strip().lower() for part in listed]
    if not set(names) <= set(SENSORS):
        raise ValueError(f"must be one or more of {', '.join(SENSORS)}, separated by commas")
    return tuple(dict.fromkeys(names))


def findings(value: object) -> tuple[str, ...]:
    """Return the kinds of findings in lower case, from a list or comma-separated text."""
    parts: object = value.split(",") if isinstance(value, str) else value
    listed = parts if isinstance(parts, list | tuple) else [None]
    names = [str(part).strip().lower() for part in listed]
    if not set(names) <= THRESHOLDS.keys():
        raise ValueError(f"must be one or more of {', '.join(THRESHOLDS)}, separated by commas")
    return tuple(dict.fromkeys(names))


def thresholds(value: object) -> tuple[str, ...]:
    """Return each threshold as ``kind.name=number``, from a table or comma-separated text."""
    if isinstance(value, str):
        pairs = [part.partition("=")[::2] for part in value.split(",")]
    elif isinstance(value, Mapping):
        pairs = list(_pairs(value))
    else:
        pairs = [part.partition("=")[::2] for part in value] if isinstance(value, tuple) else []
    if not pairs and value != ():
        raise ValueError("must be one or more thresholds such as idle_gpu.minutes=30")
    return tuple(f"{name}={number:g}" for name, number in dict(map(_threshold, pairs)).items())


def _pairs(table: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield the name and the value of each threshold in a TOML table.

    The entries ``{"idle_gpu": {"minutes": 30}}`` and ``{"idle_gpu.minutes": 30}`` are equivalent.
    """
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}.{inner}", str(each)) for inner, each in value.items())
        else:
            yield name, str(value)


def _threshold(pair: tuple[str, str]) -> tuple[str, float]:
    name = pair[0].strip().lower()
    kind, _, of_kind = name.partition(".")
    if kind not in THRESHOLDS:
        raise ValueError(f"may name only these kinds of findings: {', '.join(THRESHOLDS)}")
    known = THRESHOLDS[kind].get(of_kind)
    if known is None:
        names = ", ".join(f"{kind}.{each}" for each in THRESHOLDS[kind])
        raise ValueError(f"may name only these thresholds of {kind}: {names}")
    try:
        number = float(pair[1])
    except ValueError:
        number = math.nan
    if not known.lowest <= number <= known.highest:
        bounds = f"from {known.lowest:g} to {with_unit(f'{known.highest:g}', known.unit)}"
        raise ValueError(f"must set {name} to a number {bounds}")
    return name, number


def require_path(value: object) -> object:
    """Reject a value that is not a path or is empty: an empty path means the current folder."""
    if not isinstance(value, str | Path) or not str(value).strip() or "\x00" in str(value):
        raise ValueError("must be a path")
    return value


def absolute(value: Path) -> Path:
    """Return the absolute path, with ``~`` expanded.

    ``~`` must be expanded here, because no shell expands it in a settings file.
    """
    try:
        return value.expanduser().absolute()
    except RuntimeError:
        raise ValueError("must be a valid path (no such user)") from None
    except FileNotFoundError:
        raise ValueError(
            "must be an absolute path, because the current folder no longer exists"
        ) from None


def readable_file(value: Path) -> Path:
    """Reject a file that cannot be read."""
    try:
        with value.open("rb") as file:
            file.read(1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ValueError(f"must name a readable file ({reason})") from None
    return value


def broker_url(url: str) -> BrokerAddress:
    """Return the address of the broker at ``url``.

    Error messages never contain the URL, because it can contain a password.
    """
    try:
        parts = urlsplit(require_text(url))
        port, name = parts.port, parts.hostname or ""
        name.encode("idna")
    except ValueError:
        raise ValueError(_BROKER_URL) from None
    if (
        parts.scheme not in _MQTT_PORTS
        or not re.fullmatch(r"[\w.:%-]+", name)
        or port == 0
        or parts.path.strip("/")
        or "?" in url
        or "#" in url
        or len(url) > _LONGEST_URL
    ):
        raise ValueError(_BROKER_URL)
    return BrokerAddress(
        host=name,
        port=port or _MQTT_PORTS[parts.scheme],
        tls=parts.scheme == "mqtts",
        username=unquote(parts.username) if parts.username is not None else None,
        password=unquote(parts.password) if parts.password is not None else None,
    )


def influxdb_url(url: str) -> str:
    """Return ``url`` if it is valid as the URL of an InfluxDB server."""
    try:
        good = re.fullmatch(r"https?://[^\s/?#@]+/?", url) and urlsplit(url).port != 0
    except ValueError:
        good = False
    if not good:
        raise ValueError(_INFLUXDB_URL)
    return url


def influxdb_token(value: str) -> str:
    """Return the InfluxDB token without surrounding white space, such as a final line break."""
    bare = value.strip()
    if not (bare and bare.isascii() and bare.isprintable()):
        raise ValueError("must be an InfluxDB API token and contain only printable ASCII")
    return bare


def access_token(value: str) -> str:
    """Return the API's token without surrounding white space, such as a final line break.

    The token is sent in a header (RFC 6750), so it must be ASCII without spaces.
    """
    bare = value.strip()
    if not re.fullmatch(rf"[!-~]{{{_SHORTEST_TOKEN},{_LONGEST_TOKEN}}}", bare):
        raise ValueError(
            f"must be {_SHORTEST_TOKEN} to {_LONGEST_TOKEN} ASCII characters without spaces, "
            "for example the output of `openssl rand -hex 32`"
        )
    return bare


def password(value: str) -> str:
    """Return ``value`` if it is a valid MQTT password."""
    if not value or len(value) > _LONGEST_PASSWORD:
        raise ValueError(f"must have 1 to {_LONGEST_PASSWORD} characters")
    return require_text(value)


def origins(value: object) -> tuple[str, ...]:
    """Return origins in lower case, from a list or comma-separated text."""
    parts: object = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise ValueError(_ORIGINS)  # noqa: TRY004 - pydantic does not catch a TypeError
    return tuple(map(_origin, parts))


def _origin(value: object) -> str:
    text = value.strip().lower() if isinstance(value, str) else ""
    try:
        good = re.fullmatch(r"https?://[^\s/?#@,*]+", text) and urlsplit(text).port != 0
    except ValueError:
        good = False
    if not good:
        raise ValueError(_ORIGINS)
    scheme = text.partition("://")[0]
    # Browsers omit the default port from an origin.
    return text.removesuffix({"http": ":80", "https": ":443"}[scheme])
