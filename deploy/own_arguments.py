"""The arguments that belong to a single role and are not settings."""

import argparse
from collections.abc import Callable, Mapping

from deploy.export import arguments as export
from deploy.runs import request
from telemetry.settings import values

SHELLS = ("bash", "zsh", "fish")
_FASTEST = 100_000


def add(choices: Mapping[str, argparse.ArgumentParser]) -> None:
    """Add the arguments to the parsers in ``choices``, which is keyed by role name."""
    choices["forget"].add_argument(
        "host_name", metavar="HOST", type=_host, help="name of the host, as in topics or samples"
    )
    choices["findings"].add_argument("file", metavar="FILE", help="recording to read")
    choices["record"].add_argument(
        "--output", metavar="FILE", help="file to append to [standard output]"
    )
    _add_replay_arguments(choices["replay"])
    choices["notify"].add_argument(
        "--test", action="store_true", required=True, help="send a test notice to each target"
    )
    export.add(choices["export"])
    choices["top"].add_argument("--host", help="Host to show; default: all hosts.")
    request.add(choices["run"])
    choices["completion"].add_argument(
        "shell", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS)
    )


def _add_replay_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="recording to publish")
    parser.add_argument(
        "--speed",
        type=_speed,
        default=1.0,
        metavar="N",
        help="speed as a multiple of the original pace [1]",
    )
    parser.add_argument(
        "--keep-timestamps",
        action="store_true",
        help="keep the timestamps, and publish only what the history stores",
    )
    parser.add_argument(
        "--host-as",
        type=_host,
        default="{host}",
        metavar="NAME",
        help="name of each host in the replay; {host} stands for the recorded name",
    )
    parser.add_argument(
        "--recorded-prefix",
        type=_prefix,
        metavar="PREFIX",
        help="topic prefix in the recording [the value of --topic-prefix]",
    )


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 1 <= speed <= _FASTEST:
        raise argparse.ArgumentTypeError(f"must be a number from 1 to {_FASTEST:,}")
    return speed


def _host(text: str) -> str:
    return _checked(text, values.host_name)


def _prefix(text: str) -> str:
    return _checked(text, values.topic_prefix)


def _checked(text: str, check: Callable[[str], str]) -> str:
    try:
        return check(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not valid: it {error}") from None
