"""Runs a server of the standard library in a thread of the tests."""

import contextlib
import socketserver
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def served(server: socketserver.BaseServer) -> Iterator[None]:
    """Serve during the block; then stop, and close the socket."""
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
