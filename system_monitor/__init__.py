"""Mark moments and runs from your own code: ``from system_monitor import mark, run``.

    with run("ablation-7"):
        mark("epoch 3")

Importing this package has no side effects: it loads no other module, and does not change
``sys.path``. The first mark or run starts a thread that publishes all marks and runs. No call
waits for this thread or raises an error. If nothing can be published, one warning is
logged. The package's only dependency is paho-mqtt.
"""

TYPE_CHECKING = False  # type checkers treat it as true; this avoids importing `typing`
if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager


def mark(text: str, *, tags: "Iterable[str]" = ()) -> None:
    """Publish an annotation, such as ``epoch 3``.

    Inside a run, the annotation belongs to that run. Only the first 1,000 characters of the text,
    the first 16 tags, and the first 256 characters of each tag are published.
    """
    from system_monitor import helper  # noqa: PLC0415 - importing this package loads nothing

    helper.mark(text, tags)


def run(name: str, *, tags: "Iterable[str]" = ()) -> "AbstractContextManager[None]":
    """Return a context manager whose ``with`` block is published as the run ``name``.

    Inside another run, for example under ``system-monitor run``, the block does not become a run.
    Instead, annotations in the other run mark the beginning and the end of the block. With
    torchrun, only the process with rank 0 publishes the run.
    """
    from system_monitor import helper  # noqa: PLC0415 - as above

    return helper.Run(name, tags)
