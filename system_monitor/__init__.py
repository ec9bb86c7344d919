"""Mark moments and runs from your own code: ``from system_monitor import mark, run``.

    with run("ablation-7"):
        mark("epoch 3")

Importing this package has no side effects: it loads no other module, and only the command
``system-monitor`` sets ``sys.path``. The first call starts a thread that publishes. No call waits
for it, and none raises: without a broker, one sentence is logged. Needs only paho-mqtt.
"""

TYPE_CHECKING = False  # without importing `typing`
if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager


def mark(text: str, *, tags: "Iterable[str]" = ()) -> None:
    """Publish an annotation, such as ``epoch 3``; it belongs to the run around it, if there is one.

    At most 1,000 characters of the text and 16 tags of 256 characters are published.
    """
    from system_monitor import helper  # noqa: PLC0415 - importing this package loads nothing

    helper.mark(text, tags)


def run(name: str, *, tags: "Iterable[str]" = ()) -> "AbstractContextManager[None]":
    """Return a context that is published as the run ``name`` while it is entered.

    Inside another run, such as one of ``system-monitor run``, it only marks its beginning and its
    end there. With torchrun, only the process of rank 0 publishes.
    """
    from system_monitor import helper  # noqa: PLC0415 - as above

    return helper.Run(name, tags)
