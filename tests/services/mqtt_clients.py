"""Third-party MQTT clients, as users' tools: each receives some messages of a topic."""

import asyncio
import json
import shutil
import subprocess
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiomqtt
import gmqtt

from tests.services.availability import skip_or_fail

_SECONDS = 20.0
_MQTT_JS = Path(__file__).parents[2] / "api" / "dashboard" / "node_modules" / "mqtt"
_MQTT_JS_SCRIPT = """
const [url, version, topic, count] = process.argv.slice(1)
const client = require(%s).connect(url, {protocolVersion: Number(version), reconnectPeriod: 0})
let left = Number(count)
client.on("connect", () => client.subscribe(topic))
client.on("message", (_, payload) => {
  console.log(payload.toString())
  if (--left === 0) process.exit(0)
})
client.on("close", () => process.exit(1))
"""


@dataclass(frozen=True)
class Address:
    """Where a client connects, and the MQTT ``version`` (4: 3.1.1, or 5) that it speaks."""

    port: int
    version: int
    websocket: bool = False


Receive = Callable[[Address, str, int], Sequence[bytes]]


def mosquitto_sub(address: Address, topic: str, count: int) -> Sequence[bytes]:
    """Receive with Mosquitto's own client."""
    if shutil.which("mosquitto_sub") is None:
        skip_or_fail("mosquitto_sub is not on PATH: install mosquitto-clients")
    version = {4: "mqttv311", 5: "mqttv5"}[address.version]
    options = ["-p", str(address.port), "-V", version, "-t", topic, "-C", str(count)]
    return _lines("mosquitto_sub", "-h", "127.0.0.1", *options)


def mqtt_js(address: Address, topic: str, count: int) -> Sequence[bytes]:
    """Receive with MQTT.js, which browsers, Node and MQTT Explorer use."""
    node = shutil.which("node")
    if node is None or not _MQTT_JS.is_dir():
        skip_or_fail("MQTT.js is not installed: run `npm ci` in api/dashboard")
    scheme, path = ("ws", "/mqtt") if address.websocket else ("mqtt", "")
    url = f"{scheme}://127.0.0.1:{address.port}{path}"
    script = _MQTT_JS_SCRIPT % json.dumps(str(_MQTT_JS))
    return _lines(node, "-e", script, url, str(address.version), topic, str(count))


def aiomqtt_client(address: Address, topic: str, count: int) -> Sequence[bytes]:
    """Receive with aiomqtt, which is paho for asyncio."""

    async def receive() -> list[bytes]:
        client = aiomqtt.Client(
            "127.0.0.1",
            address.port,
            protocol=aiomqtt.ProtocolVersion(address.version),
            transport="websockets" if address.websocket else "tcp",
            websocket_path="/mqtt",
        )
        received: list[bytes] = []
        async with asyncio.timeout(_SECONDS), client:
            await client.subscribe(topic, qos=1)
            async for message in client.messages:
                received.append(bytes(message.payload))
                if len(received) == count:
                    break
        return received

    return asyncio.run(receive())


def gmqtt_client(address: Address, topic: str, count: int) -> Sequence[bytes]:
    """Receive with gmqtt, which has its own protocol code and speaks MQTT 5 by default."""

    async def receive() -> list[bytes]:
        received: asyncio.Queue[bytes] = asyncio.Queue()
        client = gmqtt.Client(uuid.uuid4().hex)
        client.on_message = lambda _client, _topic, payload, *_: received.put_nowait(payload)
        client.on_connect = lambda *_: client.subscribe(topic, qos=1)  # after a reconnection too
        async with asyncio.timeout(_SECONDS):
            await client.connect("127.0.0.1", address.port, version=address.version)
            messages = [await received.get() for _ in range(count)]
            await client.disconnect()
        return messages

    return asyncio.run(receive())


def _lines(*command: str) -> Sequence[bytes]:
    run = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=True)
    return run.stdout.splitlines()


TCP_CLIENTS: Sequence[Receive] = (mosquitto_sub, mqtt_js, aiomqtt_client, gmqtt_client)
WEBSOCKET_CLIENTS: Sequence[Receive] = (mqtt_js, aiomqtt_client)
