"""The command ``system-monitor check``."""

import contextlib
import http.client
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from deploy import announcement, wiring
from deploy.broker_access import connected
from deploy.console import say
from deploy.exposure import require_guarded_api, require_guarded_broker
from deploy.lifecycle import end_on_signal
from deploy.ports import require_http_port, require_mqtt_port
from telemetry.bus.connection import BusConnection
from telemetry.errors import SensorAbsentError, SystemMonitorError
from telemetry.printable import printable
from telemetry.settings import Settings, config_file, reachable

if TYPE_CHECKING:
    from collector.sensors.port import Sensor

_INTERRUPTED = 130
_HTTP_SECONDS = 1.0
_LABEL_WIDTH = 21


def run(settings: Settings) -> int:
    """Print the settings, and test the connections and sensors; return 1 if a connection fails."""
    end_on_signal(_INTERRUPTED)
    file = config_file()
    say(f"Settings (file {file}{'' if file.is_file() else ', which does not exist'})\n")
    for name, text in settings.masked().items():
        _print(name, text)
    say("\nConnections\n")
    running = _is_running(settings)
    checks: dict[str, Callable[[], str]] = {
        "API": lambda: _check_api(settings, running=running),
        "MQTT": lambda: _check_broker(settings, running=running),
        "History": lambda: _check_history(settings),
        "Notices": lambda: _check_notices(settings),
    }
    problems = sum(not _succeeds(label, check) for label, check in checks.items())
    say("\nSensors\n")
    for sensor in wiring.sensors(settings):
        _print(sensor.name, _finding(sensor))
    for name in settings.disabled_sensors:
        _print(name, announcement.OFF)
    return 1 if problems else 0


def _finding(sensor: "Sensor") -> str:
    with contextlib.closing(sensor):
        try:
            sensor.open()
            return sensor.describe()
        except SensorAbsentError as absence:
            return f"none: {absence}"
        except Exception as error:  # noqa: BLE001 - one failing sensor must not hide the others
            return f"failing: {error}"


def _print(label: str, text: str) -> None:
    say(f"  {label:<{_LABEL_WIDTH}} {printable(text)}")


def _succeeds(label: str, check: Callable[[], str]) -> bool:
    try:
        _print(label, check())
    except SystemMonitorError as error:
        _print(label, f"PROBLEM: {error}")
        return False
    return True


def _is_running(settings: Settings) -> bool:
    """Return whether a System Monitor is already running at the API's address."""
    host = reachable(settings.http_host)
    connection = http.client.HTTPConnection(host, settings.http_port, timeout=_HTTP_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().read() == b'{"status":"ok"}'
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _check_api(settings: Settings, *, running: bool) -> str:
    place = f"{settings.http_host}:{settings.http_port}"
    require_guarded_api(settings)
    if running:
        return f"a running System Monitor answers on {place}"
    require_http_port(settings)
    return f"{place} is free"


def _check_broker(settings: Settings, *, running: bool) -> str:
    require_guarded_broker(settings)
    embedded = wiring.embedded_broker(settings)
    if embedded is not None and not running:
        require_mqtt_port(settings)
        place = f"{settings.mqtt_host}:{settings.mqtt_port}"
        return f"{place} is free for the embedded broker, {embedded.description}"
    broker = settings.broker
    with connected(BusConnection(broker, f"system-monitor-check-{os.getpid()}")):
        pass
    return f"the broker at {broker.masked()} accepts connections"


def _check_history(settings: Settings) -> str:
    place = wiring.history_description(settings)
    if settings.influxdb_url is None:
        from telemetry.history.sqlite import require_ours  # noqa: PLC0415 - as in deploy/wiring.py

        _require_writable(settings.data_dir)
        require_ours(wiring.history_file(settings))
        return place
    with contextlib.closing(wiring.history_reader(settings)) as reader:
        reader.open()
        reader.ping()
    return f"{place}; it responds"


def _check_notices(settings: Settings) -> str:
    names = [sender.name for sender in wiring.senders(settings)]
    if not names:
        return "off, because neither notify_urls nor notify_command is set"
    return f"to {', '.join(names)}; `system-monitor notify --test` sends a test notice to each"


def _require_writable(folder: Path) -> None:
    """Raise SystemMonitorError unless this user can create ``folder``, or files in it."""
    try:
        nearest = next(path for path in (folder, *folder.parents) if path.exists())
    except OSError as error:
        raise SystemMonitorError(f"{folder} cannot be accessed: {error.strerror}.") from None
    if not nearest.is_dir():
        raise SystemMonitorError(f"{nearest} is a file, not a folder.")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise SystemMonitorError(f"{nearest} is not writable by this user.")
