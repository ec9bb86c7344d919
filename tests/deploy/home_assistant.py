"""A Home Assistant for one test, used through the REST interface that its pages use."""

import json
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from tests.services.processes import ServerProcess, free_port

_CONFIGURATION = "http:\n  server_host: 127.0.0.1\n  server_port: {port}\napi:\nauth:\nlogger:\n"
_OWNER = {"name": "test", "username": "test", "password": "test", "language": "en"}


class HomeAssistant:
    """Starts ``program`` with a new configuration in ``folder``; a context manager."""

    def __init__(self, program: str, folder: Path) -> None:
        """Write the configuration; nothing runs before the context is entered."""
        port = free_port()
        self.log = folder / "home-assistant.log"
        self._url = f"http://127.0.0.1:{port}"
        self._headers: dict[str, str] = {}
        configuration = folder / "home-assistant"
        configuration.mkdir()
        (configuration / "configuration.yaml").write_text(_CONFIGURATION.format(port=port))
        command = [program, "-c", str(configuration), "--skip-pip"]
        self._server = ServerProcess(command, self.log, self._answers)

    def __enter__(self) -> Self:
        self._server.start()
        code = self._call("/api/onboarding/users", {"client_id": self._url, **_OWNER})["auth_code"]
        token = urllib.parse.urlencode(
            {"grant_type": "authorization_code", "code": code, "client_id": self._url}
        )
        answer = self._call("/auth/token", token)
        self._headers = {"Authorization": f"Bearer {answer['access_token']}"}
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    def connect(self, mqtt_port: int) -> None:
        """Add the MQTT integration, with the broker at ``mqtt_port``."""
        flow = self._call("/api/config/config_entries/flow", {"handler": "mqtt"})
        path = f"/api/config/config_entries/flow/{flow['flow_id']}"
        result = self._call(path, {"broker": "127.0.0.1", "port": mqtt_port})
        assert result["type"] == "create_entry", result

    def state(self, entity: str) -> str | None:
        """Return the state of an entity, such as ``sensor.gpu_07_cpu_utilization``."""
        found: str | None = self._entities().get(entity, {}).get("state")
        return found

    def attributes(self, entity: str) -> Mapping[str, Any]:
        """Return the attributes of an entity. Raises KeyError if there is none."""
        found: Mapping[str, Any] = self._entities()[entity]["attributes"]
        return found

    def _entities(self) -> dict[str, Mapping[str, Any]]:
        return {each["entity_id"]: each for each in self._call("/api/states")}

    def _answers(self) -> bool:
        try:
            return bool(self._call("/api/onboarding"))
        except (OSError, ValueError):
            return False

    def _call(self, path: str, body: Mapping[str, Any] | str | None = None) -> Any:
        data = body if isinstance(body, str) else json.dumps(body)
        headers = dict(self._headers)
        if isinstance(body, Mapping):
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(  # noqa: S310 - the address is our own server's
            self._url + path, None if body is None else data.encode(), headers
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.load(answer)
