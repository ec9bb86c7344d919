"""Many or misbehaving WebSocket clients, in a separate process.

``python -m tests.api.crowd PORT KIND COUNT`` prints ``joined`` once all clients have connected and
``served`` once each has received a frame, and both again after each reconnection. It ends when its
standard input closes.
"""

import asyncio
import contextlib
import subprocess
import sys
from asyncio import StreamReader, StreamWriter
from collections import Counter
from collections.abc import Iterator

from deploy import open_files
from tests.api.streams import OPENING

_PAUSE_SECONDS = 0.2  # before the next attempt: short, and the same for all clients
_MASK = b"\0\0\0\0"  # a client must mask its frames; this mask changes nothing
_TEXT, _PING = 1, 9


def frame(opcode: int, content: bytes) -> bytes:
    """Return ``content`` as a client's frame (RFC 6455, section 5.2)."""
    length = b"\xff" + len(content).to_bytes(8, "big")
    if len(content) < 126:
        length = bytes([0x80 | len(content)])
    return bytes([0x80 | opcode]) + length + _MASK + content


LARGE_MESSAGE = frame(_TEXT, b"x" * 10_000_000)
MANY_MESSAGES = frame(_TEXT, b'{"action":"subscribe","channels":["system/cpu"]}') * 10_000
PINGS = frame(_PING, b"p" * 125) * 1000


class Crowd:
    """``count`` clients of the API on ``port``."""

    def __init__(self, port: int, kind: str, count: int) -> None:
        self._port = port
        self._kind = kind
        self._count = count
        # Idle clients subscribe to a channel without samples.
        idle = OPENING.replace(b"/ws ", b"/ws/system/disk ")
        self._opening = idle if kind == "idle" else OPENING
        self._reached: Counter[tuple[str, int]] = Counter()

    async def run(self) -> None:
        """Run the clients until standard input closes."""
        clients = [asyncio.create_task(self._run_client()) for _ in range(self._count)]
        await asyncio.to_thread(sys.stdin.buffer.read)
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)

    def _note(self, what: str, connection: int) -> None:
        self._reached[what, connection] += 1
        if self._reached[what, connection] == self._count:
            sys.stdout.write(f"{what}\n")
            sys.stdout.flush()

    async def _run_client(self) -> None:
        connection = 0
        while True:
            with contextlib.suppress(OSError, EOFError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                with contextlib.closing(writer):
                    writer.write(self._opening + b"\r\n")
                    answer = await reader.readuntil(b"\r\n\r\n")
                    if answer.startswith(b"HTTP/1.1 101 "):
                        connection += 1
                        self._note("joined", connection)
                        await self._behave(reader, writer, connection)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _behave(self, reader: StreamReader, writer: StreamWriter, connection: int) -> None:
        match self._kind:
            case "watching":
                await reader.readexactly(1)
                self._note("served", connection)
                await _read_all(reader)
            case "idle":
                await _read_all(reader)
            case "unread":
                await asyncio.sleep(3600)
            case "large":
                await _send(reader, writer, LARGE_MESSAGE)
            case "many":
                await _send(reader, writer, MANY_MESSAGES)
            case "pings":
                while True:
                    await _send(reader, writer, PINGS)


async def _send(reader: StreamReader, writer: StreamWriter, data: bytes) -> None:
    """Send ``data`` and read the responses meanwhile."""
    reading = asyncio.create_task(_read_all(reader))
    try:
        writer.write(data)
        await writer.drain()
    finally:
        reading.cancel()


async def _read_all(reader: StreamReader) -> None:
    while await reader.read(1_048_576):
        pass


@contextlib.contextmanager
def crowd(port: int, kind: str, count: int) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a crowd; yield its process once all clients have connected."""
    command = [sys.executable, "-m", "tests.api.crowd", str(port), kind, str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        try:
            assert wait_for_line(process, "joined") == "joined"
            yield process
        finally:
            process.stdin.close()


def wait_for_line(process: "subprocess.Popen[bytes]", expected: str) -> str:
    """Wait until a crowd prints ``expected``; return the last line it printed."""
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text = line.decode().strip()
        if text == expected:
            break
    return text


def main() -> None:
    """Run the crowd that the arguments describe."""
    open_files.allow_many()
    port, kind, count = sys.argv[1:]
    asyncio.run(Crowd(int(port), kind, int(count)).run())


if __name__ == "__main__":
    main()
