"""The command ``system-monitor advisor``."""

from deploy import announcement, wiring
from deploy.lifecycle import Component, run_until_signal
from telemetry.settings import Settings


def run(settings: Settings) -> int:
    """Analyse samples, publish findings and send notices until a signal arrives."""
    advisor = wiring.advisor(settings)
    notices = wiring.notices(settings)
    parts: list[Component] = [part for part in (notices, advisor) if part]
    reporters = [part.report for part in (advisor, notices) if part]
    server = wiring.metrics_server(settings, *reporters)

    def announce() -> None:
        facts = [*announcement.broker_facts(settings), announcement.history_fact(settings)]
        announcement.print_addresses(settings, facts)
        announcement.print_next_steps(announcement.broker_command(settings))

    return run_until_signal([*parts, *server], announce)
