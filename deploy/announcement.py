"""The start-up text of a role: its addresses, what its sensors found, and commands to try."""

import shlex
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import replace

from deploy import wiring
from deploy.console import say
from deploy.embedded_broker import EmbeddedBroker
from telemetry import __version__
from telemetry.catalogue import FAMILIES, STATUS_CHANNEL
from telemetry.settings import Settings, reachable
from telemetry.status import SensorReport, SensorState

_LABEL_WIDTH = 10
_WIDTH = 100
_API = "/api/v1/system"

OFF = "off (setting disabled_sensors)"

Facts = Iterable[tuple[str, str]]


def print_addresses(settings: Settings, facts: Facts) -> None:
    """Print the header, then each of ``facts``: a label and its text."""
    say(f'System Monitor {__version__} on host "{settings.host_name}"\n')
    _print_facts(facts)


def print_sensors(reports: Mapping[str, SensorReport], off: Iterable[str] = ()) -> None:
    """Print what each sensor found, or why it is absent or failing.

    ``off`` names the disabled sensors.
    """
    say("\nFound on this machine\n")
    _print_facts((_title(name), _finding(report)) for name, report in reports.items())
    _print_facts((_title(name), OFF) for name in off)


def print_next_steps(*commands: str) -> None:
    """Print ``commands`` to try, and how to stop the program."""
    say("\nTry in another terminal\n")
    for command in commands:
        say(f"  {command}")
    say("\nPress Ctrl-C to stop.")


def http_facts(settings: Settings) -> list[tuple[str, str]]:
    """Return the addresses of the dashboard, the API and the live stream."""
    address = _http_address(settings)
    return [
        ("Page", f"http://{address}/{_other_addresses(settings.http_host)}"),
        ("API", f"http://{address}{_API}/metrics, also …/gpu …/history …/hosts"),
        ("WebSocket", f"ws://{address}{_API}/ws"),
    ]


def broker_facts(
    settings: Settings, embedded: EmbeddedBroker | None = None
) -> list[tuple[str, str]]:
    """Return the addresses of the broker and the topics."""
    channels = [*(family.channel for family in FAMILIES), STATUS_CHANNEL]
    prefix = f"{settings.topic_prefix}/" if settings.topic_prefix else ""
    addresses = [("MQTT", settings.broker.masked())]
    return [
        *(addresses if embedded is None else _embedded_facts(settings, embedded)),
        ("Topics", " ".join(prefix + channel for channel in channels)),
    ]


def _embedded_facts(settings: Settings, embedded: EmbeddedBroker) -> Facts:
    listeners = embedded.listeners
    others = _other_addresses(listeners.host)
    yield "MQTT", f"{settings.broker.masked()}{others} ({embedded.description})"
    if listeners.mqtt5:
        yield "MQTT 5", replace(settings.broker, port=listeners.mqtt5).masked() + others
    if listeners.websocket:
        host = _in_url(reachable(listeners.host))
        yield "MQTT on WS", f"ws://{host}:{listeners.websocket}/mqtt{others}"


def history_fact(settings: Settings) -> tuple[str, str]:
    """Return where the history is stored and how much of the past it covers."""
    place = wiring.history_description(settings)
    kept = f"{settings.history_hours:g} h in full"
    if settings.spans.minutes > settings.spans.samples:
        kept += f", {settings.history_days:g} days of one-minute points"
    return "History", f"{kept}, {place}"


def http_commands(settings: Settings) -> list[str]:
    """Return commands that query the API."""
    url = f"http://{_http_address(settings)}{_API}"
    curl = "curl" if settings.http_token is None else "curl -H 'Authorization: Bearer TOKEN'"
    return [f"{curl} {url}/metrics", f"{curl} '{url}/history?channel=system/cpu&start=-15m'"]


def broker_command(settings: Settings) -> str:
    """Return a command that prints the messages of all hosts on all channels."""
    broker = settings.broker
    words = ["mosquitto_sub", "-h", broker.host, "-p", str(broker.port)]
    if broker.tls:
        files = broker.tls_files
        words += (
            ["--cafile", str(files.authorities)] if files.authorities else ["--tls-use-os-certs"]
        )
        words += ["--cert", str(files.certificate)] if files.certificate else []
        words += ["--key", str(files.key)] if files.key else []
    if broker.username is not None:
        words += ["-u", broker.username]
    if broker.password is not None:
        words += ["-P", "PASSWORD"]
    return f"{shlex.join(words)} -v -t '{settings.topics.everything()}'"


def _print_facts(facts: Facts) -> None:
    for label, text in facts:
        say(
            textwrap.fill(
                text,
                _WIDTH,
                initial_indent=f"  {label:<{_LABEL_WIDTH}} ",
                subsequent_indent=" " * (_LABEL_WIDTH + 3),
                break_long_words=False,
                break_on_hyphens=False,
            )
        )


def _http_address(settings: Settings) -> str:
    host = reachable(settings.http_host)
    return f"{_in_url(host)}:{settings.http_port}"


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _other_addresses(host: str) -> str:
    return "" if reachable(host) == host else " and on all other addresses of this machine"


def _title(name: str) -> str:
    return name.upper() if name in ("gpu", "cpu") else name.title()


def _finding(report: SensorReport) -> str:
    if report.reason is None:
        return report.description or "not known yet"
    return f"{'none' if report.state is SensorState.ABSENT else report.state}: {report.reason}"
