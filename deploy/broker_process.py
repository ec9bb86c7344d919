"""The child process of the bundled broker: ``python -m deploy.broker_process CONFIG_FILE``.

The process ends when its standard input closes, so it never outlives its parent. It ignores SIGINT
and SIGTERM: a service manager can send either signal to all of a service's processes, but the
broker must keep running until the parent has stopped all other parts.
"""

import importlib
import importlib.util
import os
import signal
import sys
import threading
import types


def _serve(config_file: str) -> None:
    # The package's __init__ also imports its MQTT client and asyncio, 12 MB that the broker's
    # process does not need.
    spec = importlib.util.find_spec("iotcore")
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError("iotcore")
    package = types.ModuleType("iotcore")
    package.__path__ = list(spec.submodule_search_locations)
    sys.modules["iotcore"] = package
    native = importlib.import_module("iotcore.iotcore")
    broker = native.IotCoreBroker(config_path=config_file)
    os.unlink(config_file)  # noqa: PTH108 - saves the memory of pathlib
    broker.run_forever()


def _end_with_the_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    """Serve clients until the parent closes our standard input or ends."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    _serve(sys.argv[1])


if __name__ == "__main__":
    main()
