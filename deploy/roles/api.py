"""The command ``system-monitor api``."""

from deploy import announcement, open_files, wiring
from deploy.exposure import require_guarded_api
from deploy.lifecycle import run_until_signal
from deploy.ports import require_http_port
from telemetry.settings import Settings


def run(settings: Settings) -> int:
    """Serve the REST API, the WebSocket and the dashboard until a signal arrives."""
    open_files.allow_many()
    require_http_port(settings)
    require_guarded_api(settings)

    def announce() -> None:
        facts = [
            *announcement.http_facts(settings),
            *announcement.broker_facts(settings),
            announcement.history_fact(settings),
        ]
        announcement.print_addresses(settings, facts)
        announcement.print_next_steps(*announcement.http_commands(settings))

    return run_until_signal([wiring.api(settings)], announce)
