"""HTTP requests on kept connections, from a process of its own: with wrk, or else with asyncio."""

import asyncio
import re
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_RATE = re.compile(r"Requests/sec: +([\d.]+)")


@dataclass
class _Client(asyncio.Protocol):
    """Sends a request as soon as the response to the one before has arrived."""

    request: bytes
    seconds: list[float]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._response += data
        head, end, body = self._response.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not end or length is None or len(body) < int(length[1]):
            return
        assert head.startswith(b"HTTP/1.1 200 "), head
        self.seconds.append(time.perf_counter() - self._sent)
        self._ask()

    def _ask(self) -> None:
        self._response = b""
        self._sent = time.perf_counter()
        self._transport.write(self.request)


async def _send(port: int, request: str, connections: int, seconds: float) -> None:
    times: list[float] = []
    connect = asyncio.get_running_loop().create_connection
    for _ in range(connections):
        await connect(lambda: _Client(request.encode(), times), "127.0.0.1", port)
    await asyncio.sleep(seconds)
    print(statistics.median(times) * 1000, len(times) / seconds)


def latency(port: int, path: str, encoding: str, seconds: float) -> float:
    """Return the median time of a response on one connection, in milliseconds."""
    return _own(port, path, encoding, 1, seconds)[0]


def throughput(port: int, path: str, encoding: str, connections: int, seconds: float) -> float:
    """Return how many responses a second ``connections`` get together."""
    wrk = shutil.which("wrk")
    if wrk is None:
        return _own(port, path, encoding, connections, seconds)[1]
    command = [wrk, "-t1", f"-c{connections}", f"-d{round(seconds)}s"]
    command += ["-H", f"Accept-Encoding: {encoding}", f"http://127.0.0.1:{port}{path}"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = _RATE.search(printed)
    assert rate, printed
    return float(rate[1])


def _own(
    port: int, path: str, encoding: str, connections: int, seconds: float
) -> tuple[float, float]:
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: {encoding}\r\n\r\n"
    command = [sys.executable, "-m", __name__, str(port), request, str(connections), str(seconds)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    median, rate = map(float, printed.split())
    return median, rate


if __name__ == "__main__":
    _port, _request, _connections, _seconds = sys.argv[1:]
    asyncio.run(_send(int(_port), _request, int(_connections), float(_seconds)))
