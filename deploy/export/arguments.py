"""The arguments of ``system-monitor export`` that are not settings."""

import argparse
import re
from dataclasses import dataclass

from telemetry.settings import values

FORMATS = ("csv", "jsonl", "parquet")


@dataclass(frozen=True, slots=True)
class Request:
    """The parsed arguments; None or an empty list means the default."""

    url: str | None
    start: str
    end: str | None
    channel: list[str]
    fields: str | None
    host: str | None
    format: str
    output: str | None


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments to ``parser``."""
    times = "how long ago, such as 15m or 7d; or a time in ISO 8601 or in Unix seconds"
    parser.add_argument(
        "--url",
        type=_url,
        metavar="URL",
        help="Address of the server; default: the server on this machine.",
    )
    parser.add_argument(
        "--start", type=_time, default="-1h", help=f"Start of the time span: {times}. [1h]"
    )
    parser.add_argument("--end", type=_time, help="End of the time span, exclusive; default: now.")
    parser.add_argument(
        "--channel",
        action="append",
        default=[],
        help="Channel or MQTT filter, such as 'system/gpu/+'; may be repeated. Default: all.",
    )
    parser.add_argument("--fields", help="Field names, separated by commas. Default: all.")
    parser.add_argument(
        "--host",
        help="Host to export; default: the server's machine if the server knows it, else the first "
        "host that the server knows.",
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="csv",
        help="csv, jsonl (one JSON object per line) or parquet (requires --output). [csv]",
    )
    parser.add_argument("--output", metavar="FILE", help="File to write; default: standard output.")


def _url(text: str) -> str:
    try:
        return values.influxdb_url(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            "the URL must look like http://host:8000 or https://host, without a login or a path"
        ) from None


def _time(text: str) -> str:
    """Return a time in the API's form, such as ``-15m`` for ``15m``.

    Users leave out the ``-`` because argparse would treat it as the start of an option.
    """
    return f"-{text}" if re.fullmatch(r"[0-9]{1,9}[smhd]", text) else text
