"""The command ``system-monitor ingester``."""

from deploy import announcement, wiring
from deploy.lifecycle import Component, run_until_signal
from telemetry.settings import Settings


def run(settings: Settings) -> int:
    """Store messages from the broker in the history until a signal arrives."""
    folder = wiring.data_folder(settings)
    ingester = wiring.ingester(settings)
    server = wiring.metrics_server(settings, ingester.report)
    parts: list[Component] = [*([folder] if folder else []), ingester, *server]

    def announce() -> None:
        facts = [*announcement.broker_facts(settings), announcement.history_fact(settings)]
        announcement.print_addresses(settings, facts)
        announcement.print_next_steps(announcement.broker_command(settings))

    return run_until_signal(parts, announce)
