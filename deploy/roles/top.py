"""The command ``system-monitor top``."""

import logging
import sys

from deploy import wiring
from deploy.console import complain
from deploy.lifecycle import end_on_signal
from telemetry.settings import Settings

_INTERRUPTED = 130
_FAILED = 1


def run(settings: Settings, host: str | None) -> int:
    """Show live values in the terminal until the user quits; return 1 if that is impossible."""
    end_on_signal(_INTERRUPTED)
    try:
        from deploy.top.app import Top  # noqa: PLC0415 - Textual is optional
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("textual", "rich"):
            raise
        complain(
            "`top` needs the library Textual: install it with `pip install 'system-monitor[top]'`, "
            "or `pipx inject system-monitor textual`."
        )
        return _FAILED
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        complain("`top` needs a terminal; programs can use `export` or the REST API instead.")
        return _FAILED
    logging.disable()  # the log would write to the same terminal; the page shows what matters
    app = Top(wiring.subscription(settings), host)
    app.run()
    return app.return_code or 0
